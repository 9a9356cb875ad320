"""Killed, cancelled, shared with another process: what was stored stays, what was not leaves no half."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, select

from core.messages import ChatKey, UserKey
from storage.history import SqlHistory
from storage.personal_data import SqlPersonalData
from storage.session import Database
from storage.tables import CHATS, MESSAGES
from tests.storage.conftest import CHAT, MAX_AGE, a_recipe, answered, said, sqlite_url, texts

WRITER = """
import asyncio, sys
from datetime import timedelta
from storage.history import SqlHistory
from storage.session import Database
from tests.storage.conftest import CHAT, answered, said

async def main():
    database = await Database.open(sys.argv[1])
    history = SqlHistory(database, max_messages=9, max_age=timedelta(days=1))
    for number in range(100_000):
        await history.append(CHAT, [said(f"{number} q"), answered(f"{number} a")])
        print(number, flush=True)

asyncio.run(main())
"""


def history_of(database: Database) -> SqlHistory:
    return SqlHistory(database, max_messages=1000, max_age=MAX_AGE)


def write_until_killed(url: str) -> int:
    """The number of turns that a process said it had stored before it was killed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if line == "19\n":
            writer.kill()
            break
    said_before_it_died = 20 + len(writer.stdout.readlines())
    writer.stdout.close()
    writer.wait()
    return said_before_it_died


async def test_a_killed_process_loses_nothing_that_it_had_stored(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bot.sqlite3")
    stored = await asyncio.to_thread(write_until_killed, url)
    database = await Database.open(url)
    written = texts(await history_of(database).recent(CHAT, limit=1_000_000))
    await database.check()
    await database.close()
    assert written[: 2 * stored] == [f"{n} {who}" for n in range(stored) for who in "qa"]
    assert len(written) in {2 * stored, 2 * stored + 2}


@pytest.mark.parametrize("ticks", range(1, 12))
async def test_a_cancelled_append_stores_all_or_nothing(database: Database, ticks: int) -> None:
    history = history_of(database)
    task = asyncio.create_task(history.append(CHAT, [said("q"), answered("a")]))
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert texts(await history.recent(CHAT, limit=9)) in ([], ["q", "a"])
    await history.append(CHAT, [said("next")])
    assert texts(await history.recent(CHAT, limit=9))[-1:] == ["next"]


async def test_two_processes_write_at_once(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bot.sqlite3")
    one, two = await Database.open(url), await Database.open(url)
    turns = [[said(f"{n} q"), answered(f"{n} a")] for n in range(10)]
    await asyncio.gather(
        *(
            history_of(database).append(CHAT, turn)
            for turn, database in zip(turns, [one, two] * 5, strict=True)
        )
    )
    written = texts(await history_of(one).recent(CHAT, limit=100))
    assert await history_of(two).recent(CHAT, limit=100) == await history_of(one).recent(CHAT, limit=100)
    await one.close()
    await two.close()
    assert sorted(zip(written[::2], written[1::2], strict=True)) == [(f"{n} q", f"{n} a") for n in range(10)]


async def test_a_reader_sees_the_last_state_while_somebody_writes(database: Database) -> None:
    history = history_of(database)
    await history.append(CHAT, [said("before")])
    begun, done = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        connection.execute(delete(MESSAGES))
        begun.set()
        done.wait()

    writing = asyncio.create_task(database.write(write))
    await asyncio.to_thread(begun.wait)
    assert texts(await history.recent(CHAT, limit=9)) == ["before"]
    done.set()
    await writing
    assert await history.recent(CHAT, limit=9) == ()


async def test_a_cancelled_write_that_has_begun_is_taken_back(database: Database) -> None:
    history = history_of(database)
    await history.append(CHAT, [said("before")])
    begun, done = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        connection.execute(delete(MESSAGES))
        begun.set()
        done.wait()

    writing = asyncio.create_task(database.write(write))
    await asyncio.to_thread(begun.wait)
    writing.cancel()
    await asyncio.sleep(0)
    done.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert texts(await history.recent(CHAT, limit=9)) == ["before"]


async def test_what_is_forgotten_is_in_no_file(sqlite: Database, tmp_path: Path) -> None:
    history = history_of(sqlite)
    private = ChatKey("telegram", "5")
    await history.append(private, [said("我对花生过敏"), answered("记住了", recipe=a_recipe("宫保鸡丁"))])
    await history.append(CHAT, [said("别人的话", user_id="bob")])
    await SqlPersonalData(sqlite).forget(UserKey("telegram", "ann"))
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240
    assert [words for words in ("过敏", "宫保鸡丁", "别人的话") if words.encode() in left] == ["别人的话"]


async def test_no_trace_of_an_empty_chat_is_left(database: Database) -> None:
    private = ChatKey("telegram", "5")
    history = history_of(database)
    await history.append(private, [said("1")])
    await history.start_new(private)
    await history.append(CHAT, [said("2", user_id="bob")])
    await SqlPersonalData(database).forget(UserKey("telegram", "ann"))
    count = select(func.count()).select_from(CHATS)
    assert await database.read(lambda connection: connection.scalar(count)) == 1
    await history.purge(timedelta(0))
    assert await database.read(lambda connection: connection.scalar(count)) == 0
