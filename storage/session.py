"""The database connection: engine, transactions, and the one place where its failures get their names.

The only file that knows which database it is. SQLite runs with a write-ahead log, so that readers never
wait for a writer (https://www.sqlite.org/wal.html), and writing transactions begin with BEGIN IMMEDIATE,
because one that starts by reading cannot be made to wait for the lock (https://www.sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from core.errors import DatabaseCorruptError, DiskFullError, SettingsError, StorageError
from storage import migrations

Synchronous = Literal["normal", "full"]

# https://www.sqlite.org/rescode.html: the low byte is the primary code.
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_READONLY, _SQLITE_IOERR = 5, 6, 8, 10
_SQLITE_CORRUPT, _SQLITE_FULL, _SQLITE_CANTOPEN, _SQLITE_NOTADB = 11, 13, 14, 26
_SQLITE_IOERR_SHORT_READ = 522
_SQLITE_IOERR_SHMSIZE = 4874  # the index of the write-ahead log cannot grow: the disk is full
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_DISK_FULL = "53100"
_POSTGRES_CORRUPT = ("XX001", "XX002")
_POSTGRES_TRY_AGAIN = ("40001", "40P01", "55P03", "57P03")


class Database:
    """An open database whose tables are up to date. Made by `Database.open`, used on one event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._readers = async_sessionmaker(engine, expire_on_commit=False)
        self._writers = async_sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)
        # SQLite has one writer at a time. A queue of ours wakes the next writer at once and in order of
        # arrival; SQLite's own waiting (busy_timeout) polls, and is left for other processes.
        self._turn: asyncio.Lock | nullcontext[None] = asyncio.Lock() if self.is_sqlite else nullcontext()

    @classmethod
    async def open(
        cls, url: str, *, synchronous: Synchronous = "normal", busy_timeout_seconds: float = 5.0
    ) -> Database:
        """Connect, create the tables or bring them up to date.

        Args:
            url: `sqlite+aiosqlite:///path/of/file` (folders are created) or `postgresql+asyncpg://…`.
            synchronous: SQLite only. `normal` survives a killed process, a power cut may lose the last
                seconds; `full` survives both (https://www.sqlite.org/pragma.html#pragma_synchronous).
            busy_timeout_seconds: SQLite only; how long to wait for another process that is writing.

        Raises:
            SettingsError: the address cannot be used.
            DatabaseCorruptError: the file is damaged or not a database; it is left as it is.
            DiskFullError: there is no room for the tables.
            StorageError: it cannot be reached or written, or was written by a newer version of the bot.
        """
        async with AsyncExitStack() as undo:
            engine = _engine(url, synchronous, busy_timeout_seconds)
            undo.push_async_callback(engine.dispose)
            database = cls(engine)
            with database.translated_errors():
                if database.is_sqlite and engine.url.database and not engine.url.query:
                    await asyncio.to_thread(
                        Path(engine.url.database).parent.mkdir, parents=True, exist_ok=True
                    )
                await database._migrate()
            undo.pop_all()
        return database

    async def close(self) -> None:
        """Close all connections; the write-ahead log is folded into the file."""
        with self.translated_errors():
            await self.engine.dispose()

    @property
    def label(self) -> str:
        """What to call it in a message: the file, or the address without its password."""
        if self.is_sqlite:
            return str(self.engine.url.database)
        return self.engine.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and writes nothing.

        Raises:
            StorageError: any failure of the database.
        """
        with self.translated_errors():
            async with self._readers.begin() as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are stored all together at the end, or not at all.

        Raises:
            StorageError: any failure of the database; nothing was stored.
        """
        with self.translated_errors():
            async with self._turn, self._writers.begin() as session:
                yield session

    async def check(self) -> str:
        """Look for damage (SQLite reads the whole file) and say what answered.

        Raises:
            DatabaseCorruptError: the file is damaged.
            StorageError: the database does not answer.
        """
        async with self.reading() as session:
            statement = "PRAGMA quick_check(1)" if self.is_sqlite else "SELECT 'ok'"
            verdict = await session.scalar(text(statement))
        if verdict != "ok":
            raise _corrupt(self.label)
        return f"{self.engine.dialect.name} {self.label}"

    async def drop_traces(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that deleted words do not linger in it.

        Does what is possible while others read. Deleted rows of the file itself are zeroed (`secure_delete`).
        """
        if not self.is_sqlite:
            return
        with self.translated_errors():
            async with self._turn, self.engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turn the failures of driver and file system into ours, with the database named."""
        try:
            yield
        except (SQLAlchemyError, OSError) as exc:
            raise storage_error(exc, self.label) from exc

    async def _migrate(self) -> None:
        async with self.engine.connect() as connection:
            if await connection.run_sync(migrations.is_current):
                return
        async with self.engine.execution_options(writes=True).begin() as connection:
            await connection.run_sync(migrations.upgrade, self.label)


def _engine(url: str, synchronous: Synchronous, busy_timeout_seconds: float) -> AsyncEngine:
    setting = "DATABASE_URL"
    hint = "use sqlite+aiosqlite:///path/of/file or postgresql+asyncpg://user:password@host/name"
    try:
        parsed = make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        if is_sqlite and _is_in_memory(parsed):
            raise SettingsError(setting, f"a database in memory forgets everything; {hint}")
        # A statement's parameters are users' words: they must not get into a log through an exception.
        engine = create_async_engine(parsed, hide_parameters=True)
    except (ArgumentError, InvalidRequestError) as exc:
        raise SettingsError(setting, f"not an address of a database that the bot can use; {hint}") from exc
    except ModuleNotFoundError as exc:
        message = f"the package {exc.name} is not installed: pip install {exc.name}"
        raise SettingsError(setting, message) from exc
    if is_sqlite:
        _prepare_sqlite(engine, synchronous, busy_timeout_seconds)
    return engine


def _is_in_memory(url: URL) -> bool:
    return not url.database or ":memory:" in url.database or url.query.get("mode") == "memory"


def _prepare_sqlite(engine: AsyncEngine, synchronous: Synchronous, busy_timeout_seconds: float) -> None:
    pragmas = (
        f"busy_timeout = {round(busy_timeout_seconds * 1000)}",
        "journal_mode = WAL",
        f"synchronous = {synchronous.upper()}",
        "foreign_keys = ON",
        "secure_delete = ON",
    )

    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # Off: sqlite3's own idea of when a transaction begins. `on_begin` says it.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)


def _corrupt(label: str) -> DatabaseCorruptError:
    return DatabaseCorruptError(
        f"{label} is damaged or not a database. Stop the bot, move the file aside (with {label}-wal and "
        f"{label}-shm, if there are any) and restore a backup, or start without one to begin afresh."
    )


def storage_error(exc: SQLAlchemyError | OSError, label: str) -> StorageError:
    """The failure of a driver or of the file system as an error of ours, with the database named."""
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    code: int | None = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _sqlite_error(code, label)
    if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
        return _full(label)
    state: str = getattr(cause, "sqlstate", None) or ""
    if state == _POSTGRES_DISK_FULL:
        return _full(label)
    if state in _POSTGRES_CORRUPT:
        return DatabaseCorruptError(f"{label} is damaged ({state}): restore a backup")
    if isinstance(cause, OSError):
        return StorageError(f"{label} cannot be reached: {cause.strerror or cause}", retryable=True)
    retryable = state in _POSTGRES_TRY_AGAIN or state.startswith("08") or isinstance(exc, PoolTimeoutError)
    return StorageError(f"{label}: {type(cause).__name__} {state}".rstrip(), retryable=retryable)


def _sqlite_error(code: int, label: str) -> StorageError:
    primary = code & 0xFF
    if primary in {_SQLITE_CORRUPT, _SQLITE_NOTADB} or code == _SQLITE_IOERR_SHORT_READ:
        return _corrupt(label)
    if primary == _SQLITE_FULL or code == _SQLITE_IOERR_SHMSIZE:
        return _full(label)
    if primary in {_SQLITE_BUSY, _SQLITE_LOCKED}:
        return StorageError(f"{label} is being written by another process; try again", retryable=True)
    if primary in {_SQLITE_READONLY, _SQLITE_CANTOPEN}:
        return StorageError(
            f"{label} cannot be opened for writing: the bot must be allowed to write the file and its folder"
        )
    if primary == _SQLITE_IOERR:
        return StorageError(f"{label} cannot be read or written: the disk reports an error ({code})")
    return StorageError(f"{label}: SQLite error {code}")


def _full(label: str) -> DiskFullError:
    return DiskFullError(f"no room left to write {label}: free some space; what was stored before is safe")
