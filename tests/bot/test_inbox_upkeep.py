"""What the inbox keeps, for how long, and what it does when it cannot keep anything."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import inbox_queue
from bot.inbox import Help, Inbox
from core.errors import DatabaseCorruptError, DiskFullError, StorageError
from core.messages import IncomingMessage, Reply, ReplyFinished, UserKey
from tests.bot.inbox_bench import LIMITS, Bench, bench, database_url, message, sorry
from tests.fakes.scripted_handler import ScriptedHandler, gated_answer

ANN, BOB = UserKey("telegram", "ann"), UserKey("telegram", "bob")


def kept_words(folder: Path) -> str:
    """Everything in the files, as far as it is text; JSON writes Chinese as escapes."""
    files = sorted(folder.glob("inbox.sqlite3*"))
    return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)


@contextmanager
def full_disk(folder: Path, b: Bench) -> Iterator[None]:
    """The database may not grow any more."""
    from sqlalchemy import event

    assert b.inbox._events is not None
    engine = b.inbox._events.engine

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    def lift(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1000000000")

    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        event.listen(engine, "checkout", lift)


async def test_forget_deletes_the_finished_work_of_one_user(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.inbox.accept(message("annswords", user_id="ann"))
        await b.inbox.accept(message("bobswords", user_id="bob", chat_id="2"))
        await b.done()
        assert "annswords" in kept_words(tmp_path)
        assert await b.inbox.forget(ANN) == 1
        assert "annswords" not in kept_words(tmp_path)
        assert "bobswords" in kept_words(tmp_path)
        assert await b.inbox.forget(ANN) == 0
        await b.inbox.accept(message("annswords", user_id="ann"))
        await b.done()
        assert len(b.channel.sent) == 2
        assert await b.inbox.forget(BOB) == 1


async def test_forget_leaves_what_is_under_way(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        gate = asyncio.Event()
        b.handler.scripts["慢"] = gated_answer(gate, "完")
        await b.accept("一", "慢", "后")
        await b.channel.arrived(1)
        await b.inbox.forget(ANN)
        gate.set()
        await b.done()
        assert b.channel.texts() == ["收到：一", "开头完", "收到：后"]


async def test_purge_deletes_by_age(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.accept("oldwords")
        await b.done()
        assert await b.inbox.purge() == 0
    limits = replace(LIMITS, keep_finished=timedelta(0), keep_events=timedelta(days=1))
    async with bench(tmp_path, limits=limits) as b:
        await b.accept("morewords")
        await b.done()
        await b.inbox.purge()
        assert await b.inbox.purge() == 0
        await b.accept("oldwords", "morewords")
        await b.done()
        assert b.channel.texts() == ["收到：morewords"]
    async with bench(tmp_path, limits=replace(limits, keep_events=timedelta(0))) as b:
        await b.inbox.purge()
        await b.accept("oldwords")
        await b.done()
        assert b.channel.texts() == ["收到：oldwords"]


async def test_a_locked_file_refuses_and_recovers(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        other = sqlite3.connect(tmp_path / "inbox.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as caught:
            await b.accept("一")
        assert caught.value.retryable
        other.execute("ROLLBACK")
        other.close()
        await b.accept("一")
        await b.done()
        assert b.channel.texts() == ["收到：一"]


async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        with full_disk(tmp_path, b), pytest.raises(DiskFullError):
            await b.accept("长" * 50_000)
        await b.accept("一")
        await b.done()
        assert b.channel.texts() == ["收到：一"]


async def test_a_turn_goes_on_after_the_disk_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inbox_queue, "_REPAIR_SECONDS", 0.05)
    retracted: list[str] = []

    async def retract(cut_short: IncomingMessage) -> None:
        retracted.append(cut_short.message_id)

    async with bench(tmp_path, help_=Help(retract=retract)) as b:
        gate = asyncio.Event()
        long = Reply("长" * 50_000)
        b.handler.scripts["一"] = [gate, ReplyFinished(long)]
        b.handler.scripts["二"] = [ReplyFinished(Reply("好"))]
        await b.accept("一", "二")
        with full_disk(tmp_path, b):
            gate.set()
            async with asyncio.timeout(10):
                while "work_interrupted" not in caplog.text:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        await b.done()
        assert b.channel.texts() == [long.text, "好"]
        assert retracted == ["一"]


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "inbox.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseCorruptError, match=r"inbox\.sqlite3"):
        async with bench(tmp_path):
            pass


async def test_an_address_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path) -> None:
    from core.errors import SettingsError

    inbox = Inbox(ScriptedHandler(), {}, "mysql://nobody@nowhere/x", sorry)
    with pytest.raises(SettingsError):
        await inbox.start()


async def test_no_words_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with bench(tmp_path) as b:
        b.handler.scripts["secretwords"] = [RuntimeError("secretwords")]
        await b.inbox.accept(
            message("secretwords", message_id="7", chat_id="chatnumber", user_id="usernumber")
        )
        await b.done()
    ours = "".join(record.getMessage() for record in caplog.records)
    assert "accepted" in ours
    assert not [word for word in ("secretwords", "chatnumber", "usernumber") if word in caplog.text]


def test_importing_is_light() -> None:
    code = "import sys, bot.inbox; print([m for m in ('dbos', 'psycopg', 'telegram') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_closing_leaves_threads_for_others(tmp_path: Path) -> None:
    async with bench(tmp_path):
        pass
    assert await asyncio.to_thread(lambda: 1) == 1
    assert database_url(tmp_path).startswith("sqlite:///")
