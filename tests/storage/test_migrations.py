"""The revisions lead to the tables, and never to less than was there."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from core.conversation import Preferences
from core.errors import StorageError
from core.messages import UserKey
from storage import migrations
from storage.history import SqlHistory
from storage.profiles import SqlProfiles
from storage.session import Database
from storage.tables import Table
from tests.storage.conftest import CHAT, MAX_AGE, said, sqlite_url, texts


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in rows if not name.startswith("sqlite_")}


def test_head_is_the_last_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


async def test_the_revisions_make_exactly_the_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        Table.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        migrations.upgrade(connection, database.label)
        options = {"compare_server_default": True, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata))

    assert await database.write(differences) == []


async def test_message_ids_are_never_used_again(sqlite: Database) -> None:
    statement = text("SELECT sql FROM sqlite_master WHERE name = 'messages'")
    sql = await sqlite.read(lambda connection: connection.scalar(statement))
    assert "AUTOINCREMENT" in str(sql)


async def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "new folder" / "厨房.sqlite3")
    database = await Database.open(url)
    await SqlHistory(database, max_messages=9, max_age=MAX_AGE).append(CHAT, [said("留着")])
    await database.close()
    database = await Database.open(url)
    kept = await SqlHistory(database, max_messages=9, max_age=MAX_AGE).recent(CHAT, limit=9)
    await database.close()
    assert texts(kept) == ["留着"]


async def test_two_processes_open_a_new_database_at_once(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bot.sqlite3")
    databases = await asyncio.gather(*(Database.open(url) for _ in range(4)))
    await asyncio.gather(*(database.close() for database in databases))
    assert tables(tmp_path / "bot.sqlite3") == {
        "users",
        "broadcasts",
        "broadcast_chats",
        "blocked_users",
        "operator_settings",
        "chats",
        "messages",
        "alembic_version",
    }


async def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    await (await Database.open(sqlite_url(path))).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=rf"{path} was written by a newer version.*9999.*update the bot"):
        await Database.open(sqlite_url(path))
    assert path.read_bytes() == before


async def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE messages (something TEXT)")
    connection.close()
    with pytest.raises(StorageError, match=r"bot\.sqlite3"):
        await Database.open(sqlite_url(path))
    assert tables(path) == {"messages"}


async def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bot.sqlite3")
    await (await Database.open(url)).close()
    script = (
        "import asyncio, sys\n"
        "from storage.session import Database\n"
        "async def main():\n"
        "    await (await Database.open(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules)\n"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", script, url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


async def test_users_from_before_voice_keep_their_settings_and_get_none_read_aloud(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bot.sqlite3")
    await (await Database.open(url)).close()
    connection = sqlite3.connect(tmp_path / "bot.sqlite3")
    for later in ("operator_settings", "broadcast_chats", "broadcasts"):
        connection.execute(f"DROP TABLE {later}")
    for later in ("voice", "top_k", "repetition_penalty", "max_output_tokens"):
        connection.execute(f"ALTER TABLE users DROP COLUMN {later}")
    connection.execute("INSERT INTO users VALUES ('web', 'ann', FALSE, TRUE, NULL, 0.5)")
    connection.execute("UPDATE alembic_version SET version_num = '0003'")
    connection.commit()
    connection.close()
    database = await Database.open(url)
    preferences = await SqlProfiles(database).preferences(UserKey("web", "ann"))
    await database.close()
    assert preferences == Preferences(rag=False, image=True, voice=False, top_p=0.5)
