"""The contracts of what administrators use: who is blocked, what was asked, which chats there are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.messages import ChatKey, UserKey
from core.operator_ports import (
    BlockList,
    ChatDirectory,
    OperatorSettings,
    Statistics,
    Usage,
)
from storage.block_list import SqlBlockList
from storage.session import Database
from tests.storage.conftest import CHAT, NOON, Stores, answered, said, sqlite_url

ANN = UserKey("telegram", "ann")
BOB = UserKey("feishu", "bob")


class TestBlockList:
    async def test_is_empty_at_first(self, stores: Stores) -> None:
        block_list: BlockList = stores.block_list
        assert await block_list.blocked() == frozenset()
        assert await block_list.unblock(ANN) is False

    async def test_blocks_and_unblocks(self, stores: Stores) -> None:
        assert [await stores.block_list.block(user) for user in (ANN, BOB, ANN)] == [True, True, False]
        assert await stores.block_list.blocked() == {ANN, BOB}
        assert [await stores.block_list.unblock(ANN) for _ in range(2)] == [True, False]
        assert await stores.block_list.blocked() == {BOB}

    async def test_the_same_id_elsewhere_is_somebody_else(self, stores: Stores) -> None:
        await stores.block_list.block(ANN)
        assert await stores.block_list.unblock(UserKey("feishu", "ann")) is False
        assert await stores.block_list.blocked() == {ANN}

    async def test_two_administrators_block_at_once(self, stores: Stores) -> None:
        news = await asyncio.gather(*(stores.block_list.block(ANN) for _ in range(4)))
        assert sorted(news) == [False, False, False, True]

    async def test_a_user_cannot_undo_it_by_being_forgotten(self, stores: Stores) -> None:
        await stores.block_list.block(ANN)
        await stores.personal_data.forget(ANN)
        assert await stores.block_list.blocked() == {ANN}


async def test_a_restart_forgives_nobody(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bot.sqlite3")
    database = await Database.open(url)
    await SqlBlockList(database).block(ANN)
    await database.close()
    database = await Database.open(url)
    blocked = await SqlBlockList(database).blocked()
    await database.close()
    assert blocked == {ANN}


class TestOperatorSettings:
    async def test_nothing_is_set_at_first(self, stores: Stores) -> None:
        settings: OperatorSettings = stores.operator_settings
        await settings.put("language_model", None)
        assert await settings.get("language_model") is None

    async def test_the_latest_value_counts_until_it_is_taken_back(self, stores: Stores) -> None:
        for value in ("composer", "openai/qwen3:8b'; --"):
            await stores.operator_settings.put("language_model", value)
        await stores.operator_settings.put("another", "")
        assert await stores.operator_settings.get("language_model") == "openai/qwen3:8b'; --"
        await stores.operator_settings.put("language_model", None)
        assert await stores.operator_settings.get("language_model") is None
        assert await stores.operator_settings.get("another") == ""

    async def test_two_administrators_set_it_at_once(self, stores: Stores) -> None:
        values = [str(number) for number in range(4)]
        await asyncio.gather(*(stores.operator_settings.put("language_model", value) for value in values))
        assert await stores.operator_settings.get("language_model") in values

    async def test_nobody_undoes_it_by_being_forgotten(self, stores: Stores) -> None:
        await stores.operator_settings.put("language_model", "composer")
        await stores.personal_data.forget(ANN)
        assert await stores.operator_settings.get("language_model") == "composer"


class TestStatistics:
    async def test_of_nothing(self, stores: Stores) -> None:
        statistics: Statistics = stores.statistics
        assert await statistics.usage() == await statistics.usage(NOON) == Usage()

    async def test_counts_people_questions_and_refusals(self, stores: Stores) -> None:
        refusal = replace(answered("不会"), refused=True)
        await stores.history.append(CHAT, [said("1"), answered("2"), said("3"), refusal])
        await stores.history.append(CHAT, [said("4", user_id="bob"), answered("5", user_id="bob")])
        await stores.history.append(ChatKey("telegram", "5"), [said("6")])
        await stores.history.append(ChatKey("feishu", "5"), [said("7")])
        assert await stores.statistics.usage() == Usage(users=3, questions=5, refused=1)

    async def test_counts_from_an_instant_on(self, stores: Stores) -> None:
        later = NOON + timedelta(hours=1)
        await stores.history.append(CHAT, [said("old"), replace(answered("no"), refused=True)])
        await stores.history.append(CHAT, [said("new", user_id="bob", at=later), answered("yes", at=later)])
        assert await stores.statistics.usage(later) == Usage(users=1, questions=1, refused=0)
        assert await stores.statistics.usage(later + timedelta(microseconds=1)) == Usage()


class TestChatDirectory:
    async def test_knows_nobody_at_first(self, stores: Stores) -> None:
        directory: ChatDirectory = stores.statistics
        assert await directory.chats() == ()

    async def test_lists_each_chat_once(self, stores: Stores) -> None:
        topics = [ChatKey("telegram", "-100", topic) for topic in ("7", "8")]
        elsewhere = ChatKey("feishu", "-100")
        for chat in (*topics, elsewhere):
            await stores.history.append(chat, [said("1"), answered("2"), said("3", user_id="bob")])
        assert set(await stores.statistics.chats()) == {topics[1], elsewhere}

    @pytest.mark.parametrize(("without", "expected"), [((), {"1", "2"}), ((ANN,), {"2"})])
    async def test_leaves_out_where_only_some_people_write(
        self, stores: Stores, without: tuple[UserKey, ...], expected: set[str]
    ) -> None:
        await stores.history.append(ChatKey("telegram", "1"), [said("a"), answered("b")])
        await stores.history.append(ChatKey("telegram", "2"), [said("c"), said("d", user_id="bob")])
        assert {chat.chat_id for chat in await stores.statistics.chats(without=without)} == expected
