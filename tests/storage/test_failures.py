"""What can happen to a database: each gets a clear error, and nothing stored is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import DatabaseCorruptError, DiskFullError, SettingsError, StorageError
from core.messages import UserKey
from storage.history import SqlHistory
from storage.personal_data import SqlPersonalData
from storage.session import Database, Synchronous
from tests.storage.conftest import CHAT, MAX_AGE, NOON, answered, said, sqlite_url, texts


def history_of(database: Database) -> SqlHistory:
    return SqlHistory(database, max_messages=1000, max_age=MAX_AGE, clock=lambda: NOON)


async def filled(path: Path) -> None:
    database = await Database.open(sqlite_url(path))
    await history_of(database).append(CHAT, [said(f"{n} " + "油" * 500) for n in range(50)])
    await database.close()


async def read_all(path: Path) -> None:
    database = await Database.open(sqlite_url(path))
    try:
        await history_of(database).recent(CHAT, limit=1000)
    finally:
        await database.close()


class TestDamagedFile:
    @pytest.mark.parametrize("content", [b"not a database " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
    async def test_is_no_database(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "bot.sqlite3"
        path.write_bytes(content)
        with pytest.raises(
            DatabaseCorruptError, match=rf"{path} is damaged.*move the file aside.*restore a backup"
        ):
            await Database.open(sqlite_url(path))
        assert path.read_bytes() == content

    @pytest.mark.parametrize("kept", [0.001, 0.3, 0.5, 0.95])
    async def test_half_written(self, tmp_path: Path, kept: float) -> None:
        path = tmp_path / "bot.sqlite3"
        await filled(path)
        content = path.read_bytes()[: int(path.stat().st_size * kept)]
        path.write_bytes(content)
        with pytest.raises(DatabaseCorruptError, match=str(path)):
            await read_all(path)
        assert path.read_bytes() == content

    async def test_overwritten_in_the_middle(self, tmp_path: Path) -> None:
        path = tmp_path / "bot.sqlite3"
        await filled(path)
        content = bytearray(path.read_bytes())
        content[8 * 4096 : 20 * 4096] = b"\xa5" * (12 * 4096)
        path.write_bytes(content)
        with pytest.raises(DatabaseCorruptError):
            await read_all(path)
        database = await Database.open(sqlite_url(path))
        with pytest.raises(DatabaseCorruptError):
            await database.check()
        await database.close()

    async def test_a_sound_one_passes_the_check(self, sqlite: Database) -> None:
        assert await sqlite.check() == f"sqlite {sqlite.label}"

    async def test_an_empty_file_is_a_new_database(self, tmp_path: Path) -> None:
        path = tmp_path / "bot.sqlite3"
        path.touch()
        await read_all(path)


class TestNoRoom:
    async def test_nothing_is_half_stored_and_writing_goes_on_when_there_is_room(
        self, sqlite: Database
    ) -> None:
        history = history_of(sqlite)
        await history.append(CHAT, [said("before")])
        await self.limit_pages(sqlite, 1)  # as many as there are
        with pytest.raises(DiskFullError, match="no room left") as caught:
            await history.append(CHAT, [said("small"), said("红烧肉" * 100_000)])
        assert caught.value.retryable
        assert "红烧肉" not in str(caught.value.__cause__)
        assert texts(await history.recent(CHAT, limit=9)) == ["before"]
        await self.limit_pages(sqlite, 1_000_000)
        await history.append(CHAT, [said("after")])
        assert texts(await history.recent(CHAT, limit=9)) == ["before", "after"]

    async def test_for_the_tables(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_room(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "mkdir", no_room)
        with pytest.raises(DiskFullError):
            await Database.open(sqlite_url(tmp_path / "a" / "bot.sqlite3"))

    @staticmethod
    async def limit_pages(database: Database, pages: int) -> None:
        """Let the file not grow beyond `pages`; the pool has one connection, which the next session gets."""

        def limit() -> None:
            with database.engine.connect() as connection:
                connection.execute(text(f"PRAGMA max_page_count = {pages}"))

        await asyncio.to_thread(limit)


class TestNotWritable:
    async def test_a_read_only_file(self, tmp_path: Path) -> None:
        path = tmp_path / "bot.sqlite3"
        await filled(path)
        database = await Database.open(f"sqlite:///file:{path}?mode=ro&uri=true")
        with pytest.raises(StorageError, match="must be allowed to write the file and its folder"):
            await history_of(database).append(CHAT, [said("more")])
        assert len(await history_of(database).recent(CHAT, limit=1000)) == 50
        await database.close()

    async def test_a_folder_in_place_of_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="must be allowed to write the file and its folder"):
            await Database.open(sqlite_url(tmp_path))

    async def test_a_file_in_place_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "data").touch()
        with pytest.raises(StorageError, match=r"data/bot\.sqlite3 cannot be reached"):
            await Database.open(sqlite_url(tmp_path / "data" / "bot.sqlite3"))

    async def test_another_process_is_writing(self, tmp_path: Path) -> None:
        path = tmp_path / "bot.sqlite3"
        database = await Database.open(sqlite_url(path), busy_timeout_seconds=0.01)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="being written by another process") as caught:
            await history_of(database).append(CHAT, [said("now")])
        assert caught.value.retryable
        assert await history_of(database).recent(CHAT, limit=9) == ()
        other.execute("ROLLBACK")
        other.close()
        await history_of(database).append(CHAT, [said("later")])
        assert texts(await history_of(database).recent(CHAT, limit=9)) == ["later"]
        await database.close()


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("nonsense", "not an address"),
            ("", "not an address"),
            ("oracle9+none://x", "not an address"),
            ("sqlite://", "in memory"),
            ("sqlite:///:memory:", "in memory"),
            ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
            ("mysql+aiomysql://cook:secret@127.0.0.1/bot", "not an address"),
        ],
    )
    async def test_wrong(self, url: str, expected: str) -> None:
        with pytest.raises(SettingsError, match=f"^DATABASE_URL: .*{expected}") as caught:
            await Database.open(url)
        assert "secret" not in str(caught.value)

    async def test_a_server_that_is_not_there(self) -> None:
        with pytest.raises(StorageError, match="cannot be reached") as caught:
            await Database.open("postgresql://cook:secret@127.0.0.1:1/bot")
        assert caught.value.retryable
        assert "secret" not in str(caught.value)


class TestWhatIsStored:
    @pytest.mark.parametrize(
        ("broken", "exported"),
        [('{"name": "番茄', '{"name": "番茄'), ("[]", []), ('{"name": 3}', {"name": 3})],
    )
    async def test_a_recipe_that_no_longer_parses(
        self, sqlite: Database, caplog: pytest.LogCaptureFixture, broken: str, exported: object
    ) -> None:
        await history_of(sqlite).append(CHAT, [said("问"), answered("答", query="番茄")])
        statement = text("UPDATE messages SET recipe = :recipe WHERE role = 'assistant'")
        await sqlite.write(lambda connection: connection.execute(statement, {"recipe": broken}).rowcount)
        question, answer = (await history_of(sqlite).current(CHAT)).messages
        assert (question, answer) == (said("问"), answered("答", query="番茄"))
        assert "recipe_unreadable message=2" in caplog.text
        assert "番茄" not in caplog.text
        chats = (await SqlPersonalData(sqlite).export(UserKey("telegram", "ann")))["chats"]
        assert chats[0]["messages"][1]["recipe"] == exported

    @pytest.mark.parametrize(
        ("written", "read"), [("\ud83c\udf45 a\ud800b", "🍅 a\ufffdb"), ("a\x00b", "a\ufffdb")]
    )
    async def test_what_no_database_can_hold_is_replaced(
        self, database: Database, written: str, read: str
    ) -> None:
        await history_of(database).append(CHAT, [said(written)])
        assert texts(await history_of(database).recent(CHAT, limit=9)) == [read]

    @pytest.mark.parametrize(("synchronous", "expected"), [("normal", 1), ("full", 2)])
    async def test_settings_of_a_connection(
        self, tmp_path: Path, synchronous: Synchronous, expected: int
    ) -> None:
        database = await Database.open(sqlite_url(tmp_path / "bot.sqlite3"), synchronous=synchronous)
        names = ["synchronous", "journal_mode", "foreign_keys", "busy_timeout", "secure_delete"]
        values = await database.read(
            lambda connection: [connection.scalar(text(f"PRAGMA {name}")) for name in names]
        )
        await database.close()
        assert values == [expected, "wal", 1, 5000, 1]
