"""Open databases to test with: SQLite files, and PostgreSQL where TEST_DATABASE_URL names a scratch one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.conversation import HistoryMessage
from core.messages import ChatKey
from core.operator_ports import (
    BlockList,
    BroadcastLog,
    OperatorSettings,
)
from core.ports import (
    PersonalData,
    Profiles,
)
from core.recipe import Recipe
from storage.block_list import SqlBlockList
from storage.broadcast_log import SqlBroadcastLog
from storage.history import SqlHistory
from storage.operator_settings import SqlOperatorSettings
from storage.personal_data import SqlPersonalData
from storage.profiles import SqlProfiles
from storage.session import Database
from storage.statistics import SqlStatistics
from storage.tables import Table
from tests.fakes.memory_storage import (
    MemoryBlockList,
    MemoryBroadcastLog,
    MemoryHistory,
    MemoryOperatorSettings,
    MemoryPersonalData,
    MemoryProfiles,
    MemoryStatistics,
)

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
MAX_MESSAGES = 6
MAX_AGE = timedelta(hours=24)
CHAT = ChatKey("telegram", "-100", "7")
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Stores:
    """One implementation of every port of storage, over the same data."""

    history: SqlHistory | MemoryHistory
    profiles: Profiles
    personal_data: PersonalData
    block_list: BlockList
    statistics: SqlStatistics | MemoryStatistics
    broadcast_log: BroadcastLog
    operator_settings: OperatorSettings
    clock: Clock = field(default_factory=Clock)


def said(text: str, *, user_id: str = "ann", at: datetime = NOON) -> HistoryMessage:
    return HistoryMessage(role="user", text=text, user_id=user_id, created_at=at)


def answered(
    text: str, *, user_id: str = "ann", at: datetime = NOON, recipe: Recipe | None = None, query: str = ""
) -> HistoryMessage:
    return HistoryMessage(
        role="assistant", text=text, user_id=user_id, created_at=at, recipe=recipe, query=query
    )


def a_recipe(name: str = "番茄炒蛋") -> Recipe:
    return Recipe.from_dict(
        {
            "recipe_id": "0123456789abcdef",
            "name": name,
            "aliases": ["西红柿炒鸡蛋"],
            "servings": 2,
            "minutes": 15,
            "tastes": ["酸", "甜"],
            "allergens": ["蛋"],
            "ingredients": [{"name": "番茄", "amount": "2个（约300克）"}, {"name": "盐", "amount": "适量"}],
            "steps": ["番茄切块。", "鸡蛋打散，炒至凝固。"],
            "tips": ["糖提鲜。"],
            "source": "食神菜谱",
        }
    )


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def texts(messages: tuple[HistoryMessage, ...]) -> list[str]:
    return [message.text for message in messages]


async def open_empty(kind: str, folder: Path) -> Database:
    if kind == "sqlite":
        return await Database.open(sqlite_url(folder / "bot.sqlite3"))
    url = os.environ.get("TEST_DATABASE_URL", "")
    if not url:
        pytest.skip("TEST_DATABASE_URL is not set: postgresql://… of a database that may be emptied")
    database = await Database.open(url)

    def empty(connection: Connection) -> None:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())

    await database.write(empty)
    return database


@pytest.fixture(params=["sqlite", POSTGRES])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_empty(request.param, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_empty("sqlite", tmp_path)
    yield opened
    await opened.close()


def sql_stores(database: Database) -> Stores:
    clock = Clock()
    history = SqlHistory(database, max_messages=MAX_MESSAGES, max_age=MAX_AGE, clock=clock)
    return Stores(
        history,
        SqlProfiles(database),
        SqlPersonalData(database),
        SqlBlockList(database),
        SqlStatistics(database),
        SqlBroadcastLog(database, clock),
        SqlOperatorSettings(database),
        clock,
    )


@pytest.fixture(params=["memory", "sqlite", POSTGRES])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    """Every implementation that must meet the contracts."""
    if request.param == "memory":
        clock = Clock()
        history = MemoryHistory(max_messages=MAX_MESSAGES, max_age=MAX_AGE, clock=clock)
        profiles = MemoryProfiles()
        personal_data = MemoryPersonalData(history, profiles)
        yield Stores(
            history,
            profiles,
            personal_data,
            MemoryBlockList(),
            MemoryStatistics(history),
            MemoryBroadcastLog(),
            MemoryOperatorSettings(),
            clock,
        )
        return
    opened = await open_empty(request.param, tmp_path)
    yield sql_stores(opened)
    await opened.close()
