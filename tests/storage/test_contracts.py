"""The contracts of the storage ports, held by the SQL implementations and by the fakes in memory."""

from __future__ import annotations

import asyncio
import json
from dataclasses import astuple, replace
from datetime import datetime, timedelta, timezone

import pytest

from core.conversation import Conversation, Preferences
from core.errors import StorageError
from core.messages import ChatKey, UserKey
from core.ports import (
    History,
    PersonalData,
    Profiles,
)
from core.recipe import Recipe
from tests.storage.conftest import CHAT, MAX_AGE, MAX_MESSAGES, NOON, Stores, a_recipe, answered, said, texts

ANN = UserKey("telegram", "ann")
BOB = UserKey("telegram", "bob")
UNCHOSEN = dict.fromkeys(("temperature", "top_p", "top_k", "repetition_penalty", "max_output_tokens"))
"""The sampling of somebody who chose none, as it is exported."""


class TestHistory:
    async def test_meets_the_protocol(self, stores: Stores) -> None:
        history: History = stores.history
        assert await history.current(CHAT) == Conversation()
        assert await history.recent(CHAT, limit=10) == ()

    async def test_gives_back_what_it_was_given(self, stores: Stores) -> None:
        answer = replace(
            answered("好的", recipe=a_recipe(), query="番茄炒蛋怎么做"), picture_name="a.png", refused=True
        )
        await stores.history.append(CHAT, [said("番茄炒蛋"), answer])
        assert await stores.history.current(CHAT) == Conversation((said("番茄炒蛋"), answer))

    async def test_keeps_a_scaled_recipe_as_it_was_shown(self, stores: Stores) -> None:
        scaled = a_recipe().scaled(3)
        await stores.history.append(CHAT, [answered("三人份", recipe=scaled)])
        # Equal in every text; the unrounded amounts behind them are not kept (`Recipe.to_dict`).
        assert (await stores.history.current(CHAT)).dish_at_hand == Recipe.from_dict(scaled.to_dict())

    async def test_keeps_instants_in_utc(self, stores: Stores) -> None:
        beijing = NOON.astimezone(timezone(timedelta(hours=8)))
        await stores.history.append(CHAT, [said("早", at=beijing)])
        (message,) = (await stores.history.current(CHAT)).messages
        assert (message.created_at, message.created_at.utcoffset()) == (NOON, timedelta(0))

    async def test_refuses_a_time_without_zone(self, stores: Stores) -> None:
        nowhen = datetime(2026, 5, 1, 12)  # noqa: DTZ001
        with pytest.raises(StorageError):
            await stores.history.append(CHAT, [said("一"), said("二", at=nowhen)])
        assert await stores.history.recent(CHAT, limit=10) == ()

    async def test_order_of_writing_is_order_of_reading(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("1"), answered("2")])
        await stores.history.append(CHAT, [said("3"), answered("4", at=NOON - timedelta(hours=1))])
        assert texts((await stores.history.current(CHAT)).messages) == ["1", "2", "3", "4"]

    async def test_is_bounded_by_count(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said(str(n)) for n in range(MAX_MESSAGES + 2)])
        expected = [str(n) for n in range(2, MAX_MESSAGES + 2)]
        assert texts((await stores.history.current(CHAT)).messages) == expected

    async def test_is_bounded_by_age(self, stores: Stores) -> None:
        await stores.history.append(
            CHAT,
            [said("too old", at=NOON - MAX_AGE - timedelta(microseconds=1)), said("just", at=NOON - MAX_AGE)],
        )
        assert texts((await stores.history.current(CHAT)).messages) == ["just"]
        assert texts(await stores.history.recent(CHAT, limit=10)) == ["too old", "just"]

    async def test_a_new_conversation_is_empty_and_the_old_one_stays_readable(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("1"), answered("2")])
        await stores.history.start_new(CHAT)
        assert await stores.history.current(CHAT) == Conversation()
        await stores.history.append(CHAT, [said("3")])
        assert texts((await stores.history.current(CHAT)).messages) == ["3"]
        assert texts(await stores.history.recent(CHAT, limit=10)) == ["1", "2", "3"]

    async def test_recent_gives_the_latest(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said(str(n)) for n in range(5)])
        assert texts(await stores.history.recent(CHAT, limit=2)) == ["3", "4"]
        assert texts(await stores.history.recent(CHAT, limit=0)) == []

    async def test_start_new_on_an_unknown_chat(self, stores: Stores) -> None:
        await stores.history.start_new(CHAT)
        await stores.history.append(CHAT, [said("1")])
        assert texts((await stores.history.current(CHAT)).messages) == ["1"]

    async def test_appending_nothing_changes_nothing(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [])
        assert await stores.history.recent(CHAT, limit=10) == ()

    @pytest.mark.parametrize(
        "other",
        [ChatKey("feishu", "-100", "7"), ChatKey("telegram", "-101", "7"), ChatKey("telegram", "-100")],
    )
    async def test_chats_do_not_mix(self, stores: Stores, other: ChatKey) -> None:
        await stores.history.append(CHAT, [said("here")])
        await stores.history.append(other, [said("there")])
        await stores.history.start_new(other)
        assert texts((await stores.history.current(CHAT)).messages) == ["here"]
        assert texts(await stores.history.recent(other, limit=10)) == ["there"]

    async def test_answering_a_message_again_replaces_what_was_stored(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("q1"), answered("a1")], message_id="1")
        await stores.history.append(CHAT, [said("q2"), answered("first")], message_id="2")
        await stores.history.append(CHAT, [said("q2"), answered("second")], message_id="2")
        assert texts((await stores.history.current(CHAT)).messages) == ["q1", "a1", "q2", "second"]

    async def test_what_has_no_message_id_is_never_replaced(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("1")])
        await stores.history.append(CHAT, [said("2")], message_id="")
        assert await stores.history.retract(CHAT, "") == 0
        assert texts(await stores.history.recent(CHAT, limit=10)) == ["1", "2"]

    async def test_retracts_one_message_of_one_chat(self, stores: Stores) -> None:
        other = ChatKey("telegram", "-100")
        await stores.history.append(CHAT, [said("q1"), answered("a1")], message_id="1")
        await stores.history.append(CHAT, [said("q2"), answered("a2")], message_id="2\ud800")
        await stores.history.append(other, [said("other")], message_id="2\ud800")
        assert await stores.history.retract(CHAT, "2\ud800") == 2
        assert await stores.history.retract(CHAT, "2\ud800") == 0
        assert texts(await stores.history.recent(CHAT, limit=10)) == ["q1", "a1"]
        assert texts(await stores.history.recent(other, limit=10)) == ["other"]

    async def test_a_picture_belongs_to_the_latest_answer_of_its_chat(self, stores: Stores) -> None:
        other = ChatKey("telegram", "1")
        await stores.history.append(CHAT, [answered("1"), answered("2"), said("3")])
        await stores.history.append(other, [answered("4")])
        await stores.history.set_picture(CHAT, "dish.png")
        pictures = [m.picture_name for m in await stores.history.recent(CHAT, limit=10)]
        assert pictures == ["", "dish.png", ""]
        assert [m.picture_name for m in await stores.history.recent(other, limit=10)] == [""]

    async def test_a_picture_without_an_answer_is_nobodys(self, stores: Stores) -> None:
        await stores.history.set_picture(CHAT, "dish.png")
        await stores.history.append(CHAT, [said("1")])
        await stores.history.set_picture(CHAT, "dish.png")
        assert [m.picture_name for m in await stores.history.recent(CHAT, limit=10)] == [""]

    async def test_purge_deletes_what_is_too_old_everywhere(self, stores: Stores) -> None:
        other = ChatKey("web", "page")
        await stores.history.append(CHAT, [said("old"), said("new", at=NOON + timedelta(days=2))])
        await stores.history.append(other, [said("old too")])
        stores.clock.now = NOON + timedelta(days=3)
        assert await stores.history.purge(timedelta(days=2)) == 2
        assert texts(await stores.history.recent(CHAT, limit=10)) == ["new"]
        assert await stores.history.recent(other, limit=10) == ()
        assert await stores.history.purge(timedelta(days=2)) == 0

    async def test_a_chat_that_was_purged_goes_on(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("old")])
        await stores.history.start_new(CHAT)
        stores.clock.now = NOON + timedelta(days=3)
        await stores.history.purge(timedelta(days=1))
        await stores.history.append(CHAT, [said("new", at=stores.clock.now)])
        assert texts((await stores.history.current(CHAT)).messages) == ["new"]

    @pytest.mark.parametrize(
        "text", ["", "x" * 100_000, "a\tb\r\n\x07", "🍅" * 3, "'; DROP TABLE messages; --"]
    )
    async def test_any_words_are_kept(self, stores: Stores, text: str) -> None:
        await stores.history.append(CHAT, [said(text)])
        assert texts((await stores.history.current(CHAT)).messages) == [text]

    async def test_writers_of_one_chat_do_not_interleave(self, stores: Stores) -> None:
        names = [f"{n:02}" for n in range(12)]
        await asyncio.gather(
            *(
                stores.history.append(CHAT, [said(f"{n} q"), answered(f"{n} a"), said(f"{n} t")])
                for n in names
            )
        )
        written = texts(await stores.history.recent(CHAT, limit=100))
        triples = [tuple(written[i : i + 3]) for i in range(0, len(written), 3)]
        assert sorted(triples) == [(f"{n} q", f"{n} a", f"{n} t") for n in names]

    async def test_writers_of_many_chats(self, stores: Stores) -> None:
        chats = [ChatKey("web", str(n)) for n in range(8)]
        for round_ in range(3):
            await asyncio.gather(*(stores.history.append(chat, [said(str(round_))]) for chat in chats))
        for chat in chats:
            assert texts((await stores.history.current(chat)).messages) == ["0", "1", "2"]

    async def test_clear_while_appending_loses_nothing(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("first")])
        turns = [[said(f"{n} q"), answered(f"{n} a")] for n in range(8)]
        writers = [stores.history.append(CHAT, turn) for turn in turns]
        clears = [stores.history.start_new(CHAT) for _ in range(4)]
        await asyncio.gather(
            *(task for pair in zip(writers[::2], clears, writers[1::2], strict=True) for task in pair)
        )
        written = texts(await stores.history.recent(CHAT, limit=100))
        assert sorted(written) == sorted(["first", *(m.text for turn in turns for m in turn)])
        current = texts((await stores.history.current(CHAT)).messages)
        assert current == written[len(written) - len(current) :]
        await stores.history.start_new(CHAT)
        assert await stores.history.current(CHAT) == Conversation()


class TestProfiles:
    async def test_a_new_user_has_the_defaults(self, stores: Stores) -> None:
        profiles: Profiles = stores.profiles
        assert await profiles.preferences(ANN) == Preferences()

    async def test_the_latest_settings_count(self, stores: Stores) -> None:
        await stores.profiles.save(ANN, Preferences(False, False, voice=False, temperature=0.25, top_p=0.5))
        await stores.profiles.save(ANN, Preferences(image=False, voice=True, temperature=None, top_p=0.75))
        assert await stores.profiles.preferences(ANN) == Preferences(image=False, voice=True, top_p=0.75)

    async def test_every_setting_is_kept(self, stores: Stores) -> None:
        chosen = Preferences(False, False, True, 0.25, 0.5, 40, 1.25, 300)
        assert all(one != other for one, other in zip(astuple(chosen), astuple(Preferences()), strict=True))
        await stores.profiles.save(ANN, chosen)
        assert await stores.profiles.preferences(ANN) == chosen

    async def test_users_do_not_mix(self, stores: Stores) -> None:
        await stores.profiles.save(ANN, Preferences(rag=False))
        assert await stores.profiles.preferences(BOB) == Preferences()
        assert await stores.profiles.preferences(UserKey("feishu", "ann")) == Preferences()

    async def test_two_tasks_save_a_new_user_at_once(self, stores: Stores) -> None:
        choices = [Preferences(temperature=n / 4) for n in range(4)]
        await asyncio.gather(*(stores.profiles.save(ANN, choice) for choice in choices))
        assert await stores.profiles.preferences(ANN) in choices


class TestPersonalData:
    async def test_of_a_stranger(self, stores: Stores) -> None:
        personal_data: PersonalData = stores.personal_data
        assert await personal_data.export(ANN) == {
            "channel": "telegram",
            "user_id": "ann",
            "preferences": {"rag": True, "image": True, "voice": False} | UNCHOSEN,
            "chats": [],
        }
        assert await personal_data.forget(ANN) == 0

    async def test_exports_everything_and_nothing_of_others(self, stores: Stores) -> None:
        private = ChatKey("telegram", "5")
        await stores.profiles.save(ANN, Preferences(rag=False, voice=True, temperature=0.5))
        await stores.history.append(CHAT, [said("bob's", user_id="bob"), answered("to bob", user_id="bob")])
        await stores.history.append(CHAT, [said("ann's"), answered("to ann", recipe=a_recipe(), query="q")])
        await stores.history.append(private, [said("1")])
        await stores.history.append(ChatKey("feishu", "5"), [said("another ann")])
        await stores.history.start_new(private)
        await stores.history.append(private, [said("2")])

        def plain(text: str, role: str = "user", **changes: object) -> dict[str, object]:
            message = {
                "role": role,
                "text": text,
                "created_at": "2026-05-01T12:00:00+00:00",
                "conversation": 1,
                "recipe": None,
                "query": "",
                "picture_name": "",
                "refused": False,
            }
            return message | changes

        answer = plain("to ann", "assistant", recipe=a_recipe().to_dict(), query="q")
        exported = await stores.personal_data.export(ANN)
        assert json.loads(json.dumps(exported)) == {
            "channel": "telegram",
            "user_id": "ann",
            "preferences": {"rag": False, "image": True, "voice": True} | UNCHOSEN | {"temperature": 0.5},
            "chats": [
                {
                    "chat_id": "-100",
                    "thread_id": "7",
                    "messages": [plain("ann's"), json.loads(json.dumps(answer))],
                },
                {"chat_id": "5", "thread_id": "", "messages": [plain("1"), plain("2", conversation=2)]},
            ],
        }

    async def test_forgets_in_all_chats_and_leaves_the_others(self, stores: Stores) -> None:
        private = ChatKey("telegram", "5")
        feishu = ChatKey("feishu", "5")
        await stores.profiles.save(ANN, Preferences(rag=False))
        await stores.profiles.save(BOB, Preferences(image=False))
        await stores.history.append(CHAT, [said("bob's", user_id="bob"), said("ann's"), answered("to ann")])
        await stores.history.append(private, [said("1"), answered("2")])
        await stores.history.append(feishu, [said("another ann")])
        assert await stores.personal_data.forget(ANN) == 4
        assert await stores.profiles.preferences(ANN) == Preferences()
        assert await stores.profiles.preferences(BOB) == Preferences(image=False)
        assert (await stores.personal_data.export(ANN))["chats"] == []
        assert texts(await stores.history.recent(CHAT, limit=10)) == ["bob's"]
        assert await stores.history.recent(private, limit=10) == ()
        assert texts(await stores.history.recent(feishu, limit=10)) == ["another ann"]

    async def test_forgetting_while_writing(self, stores: Stores) -> None:
        await stores.history.append(CHAT, [said("before")])
        writers = [stores.history.append(CHAT, [said(f"bob {n}", user_id="bob")]) for n in range(4)]
        await asyncio.gather(*writers[:2], stores.personal_data.forget(ANN), *writers[2:])
        assert sorted(texts(await stores.history.recent(CHAT, limit=10))) == [f"bob {n}" for n in range(4)]
