"""What of Telegram's updates is taken for a question, and that nothing is confirmed before it is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import telegram_receiver
from core.messages import ChatKey, UserKey
from tests.bot.telegram_kit import Inbox, Kit, channel_on, started
from tests.fakes.telegram_server import Fault, TelegramServer, flood
from tests.fakes.telegram_world import BOT_ID, GROUP_ID, USER_ID, mentions_in, person

COMMAND = [{"type": "bot_command", "offset": 0}]


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with started(tmp_path) as running:
        yield running


async def test_a_private_message_is_taken_with_its_ids(kit: Kit) -> None:
    update = await kit.server.world.private_text(" 番茄炒蛋怎么做\n")
    (message,) = await kit.inbox.wait_for(1)
    assert message.chat == ChatKey("telegram", str(USER_ID))
    assert message.user == UserKey("telegram", str(USER_ID))
    assert message.message_id == str(update["message"]["message_id"])
    assert (message.text, message.is_group) == ("番茄炒蛋怎么做", False)
    assert message.received_at.tzinfo is not None


async def test_an_update_is_confirmed_only_after_it_was_stored(kit: Kit) -> None:
    kit.inbox.gate = asyncio.Event()
    update = await kit.server.world.private_text("一")
    async with kit.server.changed:
        assert kit.server.feed.offset <= update["update_id"]
    kit.inbox.gate.set()
    await kit.server.confirmed(update)
    assert kit.inbox.texts == ["一"]


async def test_what_could_not_be_stored_comes_again_in_order(kit: Kit) -> None:
    kit.inbox.failures = 3
    for text in "一二三":
        last = await kit.server.world.private_text(text)
    other = await kit.server.world.private_text("别人", user_id=2002)
    await kit.server.confirmed(other)
    assert [m.text for m in kit.inbox.stored if m.chat.chat_id == str(USER_ID)] == ["一", "二", "三"]
    assert len(kit.inbox.stored) == 4
    assert last["update_id"] < other["update_id"]


async def test_unconfirmed_updates_come_again_after_a_restart(tmp_path: Path) -> None:
    async with TelegramServer().running() as server:
        first, inbox = channel_on(server, tmp_path), Inbox(failures=10**6)
        await first.start(inbox.accept)
        await server.world.private_text("别丢")
        await first.stop()
        second, inbox = channel_on(server, tmp_path), Inbox()
        await second.start(inbox.accept)
        await inbox.wait_for(1)
        await second.stop()
    assert inbox.texts == ["别丢"]


async def test_a_clean_stop_confirms_what_was_stored(tmp_path: Path) -> None:
    async with started(tmp_path) as kit:
        update = await kit.server.world.private_text("一")
        await kit.inbox.wait_for(1)
        server = kit.server
    assert server.feed.offset == update["update_id"] + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@shishen_test_bot 红烧肉怎么做", "红烧肉怎么做"),
        ("🍅🍳 @SHISHEN_test_bot 怎么做", "🍅🍳  怎么做"),
        ("@someone 问问 @shishen_test_bot 这个", "@someone 问问  这个"),
        ("@shishen_test_bot", "你好"),
    ],
)
async def test_a_group_message_that_mentions_the_bot_is_taken_without_the_mention(
    kit: Kit, text: str, expected: str
) -> None:
    await kit.server.world.mention(text)
    (message,) = await kit.inbox.wait_for(1)
    assert (message.text, message.is_group, message.chat.chat_id) == (expected, True, str(GROUP_ID))


async def test_a_group_message_for_others_is_not_taken(kit: Kit) -> None:
    world = kit.server.world
    await world.group_text("大家好")
    await world.group_text("提到 @shishen_test_bot 但没有标记")  # code, say: Telegram marked no mention
    await world.mention("@shishen_test_bot2 在吗")
    await world.group_text("/help@other_bot", entities=[{**COMMAND[0], "length": 15}])
    await world.group_text("/unknown", entities=[{**COMMAND[0], "length": 8}])
    original = {**person(USER_ID), "is_bot": False}
    await world.group_text("回别人", reply_to_message=_message_of(original))
    last = await world.private_text("完")
    await kit.server.confirmed(last)
    assert kit.inbox.texts == ["完"]


async def test_commands_in_a_group(kit: Kit) -> None:
    world = kit.server.world
    await world.group_text("/start@shishen_test_bot 你好", entities=[{**COMMAND[0], "length": 23}])
    await world.group_text("/HELP", entities=[{**COMMAND[0], "length": 5}])
    await kit.inbox.wait_for(2)
    assert kit.inbox.texts == ["/start 你好", "/HELP"]


async def test_a_reply_to_the_bot_is_taken_and_a_name_as_a_link_is_a_mention(kit: Kit) -> None:
    world = kit.server.world
    await world.group_text("要放糖吗", reply_to_message=_message_of(world.bot))
    entity = {"type": "text_mention", "offset": 0, "length": 2, "user": world.bot}
    await world.group_text("食神 在吗", entities=[entity])
    await world.group_text("/stop@other_bot", reply_to_message=_message_of(world.bot))
    await world.private_text("完")
    await kit.inbox.wait_for(3)
    assert kit.inbox.texts == ["要放糖吗", "在吗", "完"]


async def test_a_bare_mention_under_a_message_asks_about_that_message(kit: Kit) -> None:
    asked = _message_of(person(2002)) | {"text": "鸡蛋能做什么"}
    await kit.server.world.mention("@shishen_test_bot", reply_to_message=asked)
    (message,) = await kit.inbox.wait_for(1)
    assert message.text == "鸡蛋能做什么"


async def test_topics_are_conversations_of_their_own_and_reply_chains_are_not(kit: Kit) -> None:
    world = kit.server.world
    await world.group_text("@shishen_test_bot 一", thread_id=9, entities=mentions_in("@shishen_test_bot 一"))
    await world.mention("@shishen_test_bot 二", message_thread_id=55)  # a chain of replies, not a topic
    opening = _message_of(world.bot) | {"forum_topic_created": {"name": "菜", "icon_color": 7322096}}
    await world.group_text("不是问我", thread_id=9, reply_to_message=opening)
    await world.private_text("完")
    await kit.inbox.wait_for(3)
    assert {m.text: m.chat.thread_id for m in kit.inbox.stored} == {"一": "9", "二": "", "完": ""}


async def test_members_of_a_group_share_the_chat_and_keep_their_names(kit: Kit) -> None:
    await kit.server.world.mention("@shishen_test_bot 一", user_id=1)
    await kit.server.world.mention("@shishen_test_bot 二", user_id=2)
    one, two = await kit.inbox.wait_for(2)
    assert one.chat == two.chat
    assert (one.user.user_id, two.user.user_id) == ("1", "2")


async def test_the_first_version_of_a_message_counts(kit: Kit) -> None:
    world = kit.server.world
    first = await world.private_text("红烧肉")
    await world.edited(first["message"], "红烧鱼")
    text = "红烧肉怎么做"
    missed = await world.group_text(text)
    mended = f"@shishen_test_bot {text}"
    await world.edited(missed["message"], mended, entities=mentions_in(mended))
    late = await world.group_text("旧话")
    await world.edited(late["message"], mended, seconds_later=500, entities=mentions_in(mended))
    last = await world.private_text("完")
    await kit.server.confirmed(last)
    private = [m.text for m in kit.inbox.stored if not m.is_group]
    (in_group,) = [m for m in kit.inbox.stored if m.is_group]
    assert private == ["红烧肉", "完"]
    assert (in_group.text, in_group.message_id) == (text, str(missed["message"]["message_id"]))


async def test_an_album_is_one_message(kit: Kit) -> None:
    for caption in ("这能做什么", "", ""):
        await kit.server.world.photo(caption, album="13579")
    last = await kit.server.world.private_text("完")
    await kit.server.confirmed(last)
    assert kit.inbox.texts == ["这能做什么", "完"]
    assert kit.inbox.stored[0].message_id == "album-13579"


async def test_what_is_not_text_gets_one_friendly_sentence_a_minute(kit: Kit) -> None:
    world = kit.server.world
    for push in (world.sticker, world.location, world.video_note, world.photo):
        await push()
    await kit.server.wait_for("sendMessage")
    last = await world.private_text("完")
    await kit.server.confirmed(last)
    assert kit.texts() == [telegram_receiver.UNREADABLE]
    assert kit.inbox.texts == ["完"]


async def test_service_messages_and_other_bots_are_ignored(kit: Kit) -> None:
    world = kit.server.world
    await world.group_text("", new_chat_members=[world.bot])
    other_bot = {"id": 5, "is_bot": True, "first_name": "别的"}
    await world.push(
        {"message": world._incoming(world._private_chat(5), 5, text="我也是") | {"from": other_bot}}
    )
    last = await world.private_text("完")
    await kit.server.confirmed(last)
    assert (kit.inbox.texts, kit.sent()) == (["完"], [])


async def test_malformed_updates_do_not_hold_up_the_next(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    world = kit.server.world
    await world.push({"message": {"message_id": "x", "text": "坏"}})
    await world.push({"message": "坏"})
    await world.push({"callback_query": {"id": "1"}})
    await world.push({"something_new": {"chat": {"id": "x"}}})
    await world.private_text("\ud83d 半个\x00字")
    last = await world.private_text("完")
    await kit.server.confirmed(last)
    assert kit.inbox.texts == ["\ufffd 半个字", "完"]
    assert "坏" not in caplog.text


async def test_a_broken_server_is_asked_again(kit: Kit) -> None:
    kit.server.fail(
        "getUpdates", Fault(drop="before"), Fault(status=502), Fault(error=flood(1)), Fault(drop="after")
    )
    update = await kit.server.world.private_text("一")
    await kit.server.confirmed(update)
    assert kit.inbox.texts == ["一"]


async def test_of_two_pollers_the_older_says_so_and_stops(
    kit: Kit, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(5):
        second, inbox = channel_on(kit.server, tmp_path / "second"), Inbox()
        await second.start(inbox.accept)
        while kit.channel.is_receiving:  # noqa: ASYNC110 - the property has no event of its own
            await asyncio.sleep(0)
        await kit.server.world.private_text("一")
        await inbox.wait_for(1)
        assert second.is_receiving
        await second.stop()
    assert "reason=conflict" in caplog.text
    assert kit.inbox.stored == []


async def test_no_words_and_no_token_in_any_log(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        kit.server.fail("getUpdates", Fault(drop="before"), Fault(status=500, body="{坏"))
        await kit.asked("我的秘密菜谱")
    assert "秘密" not in caplog.text
    assert kit.server.token not in caplog.text
    assert "AAF-secret" not in repr(kit.channel) + repr(kit.channel._started())


def _message_of(sender: dict[str, Any]) -> dict[str, Any]:
    chat = {"id": GROUP_ID, "type": "supergroup", "title": "厨房群"}
    return {"message_id": 5, "date": 1_700_000_000, "from": sender, "chat": chat, "text": "你好"}


def test_the_bot_is_who_the_fake_says() -> None:
    assert str(BOT_ID) in TelegramServer().token
