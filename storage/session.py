"""The database connection: engine, threads and transactions; failures get their names in `storage.failures`.

The only file that knows which database it is. SQLite runs with a write-ahead log, so that readers never
wait for a writer (https://www.sqlite.org/wal.html), and writing transactions begin with BEGIN IMMEDIATE,
because one that starts by reading cannot be made to wait for the lock (https://www.sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from core.errors import SettingsError
from storage import migrations
from storage.failures import corrupt, storage_error

Synchronous = Literal["normal", "full"]
T = TypeVar("T")

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_READERS = 4
_POSTGRES_WRITERS = 8


class Database:
    """An open database whose tables are up to date. Made by `Database.open`, used on one event loop.

    A unit of work is a function of a connection. It runs as one transaction in a thread of the database's
    own, so the event loop hands over once for all its statements.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._writing_engine = engine.execution_options(writes=True)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="database-read")
        # SQLite has one writer at a time, so one thread writes, in order of arrival. SQLite's own waiting
        # (busy_timeout) polls, and is left for other processes.
        self._writers = ThreadPoolExecutor(
            1 if self.is_sqlite else _POSTGRES_WRITERS, thread_name_prefix="database-write"
        )

    @classmethod
    async def open(
        cls, url: str, *, synchronous: Synchronous = "normal", busy_timeout_seconds: float = 5.0
    ) -> Database:
        """Connect, create the tables or bring them up to date.

        Args:
            url: `sqlite:///path/of/file` (folders are created) or `postgresql://…`. A driver named in it,
                as in `sqlite+aiosqlite`, is ignored.
            synchronous: SQLite only. `normal` survives a killed process, a power cut may lose the last
                seconds; `full` survives both (https://www.sqlite.org/pragma.html#pragma_synchronous).
            busy_timeout_seconds: SQLite only; how long to wait for another process that is writing.

        Raises:
            SettingsError: the address cannot be used.
            DatabaseCorruptError: the file is damaged or not a database; it is left as it is.
            DiskFullError: there is no room for the tables.
            StorageError: it cannot be reached or written, or was written by a newer version of the bot.
        """
        database = cls(_engine(url, synchronous, busy_timeout_seconds))
        try:
            await asyncio.to_thread(database._prepare)
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close all connections; the write-ahead log is folded into the file."""
        await asyncio.to_thread(self._close)

    @property
    def label(self) -> str:
        """What to call it in a message: the file, or the address without its password."""
        return label_of(self.engine)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` finds; it sees one state of the database and writes nothing.

        Raises:
            StorageError: any failure of the database.
        """
        return await self._done(self._readers, self.engine, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """The result of `work`, whose changes are stored all together at its end, or not at all.

        Raises:
            StorageError: any failure of the database; nothing was stored.
        """
        return await self._done(self._writers, self._writing_engine, work)

    async def _done(self, threads: ThreadPoolExecutor, engine: Engine, work: Callable[[Connection], T]) -> T:
        """Run `work` in a thread; cancelled, wait for its end, and take it back if it is not stored yet."""
        given_up = threading.Event()

        def unit() -> T:
            with self.translated_errors(), engine.begin() as connection:
                result = work(connection)
                if given_up.is_set():
                    raise _GivenUpError
                return result

        running = threads.submit(unit)
        try:
            return await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            given_up.set()
            if not running.cancelled():
                await asyncio.gather(asyncio.wrap_future(running), return_exceptions=True)
            raise

    async def check(self) -> str:
        """Look for damage (SQLite reads the whole file) and say what answered.

        Raises:
            DatabaseCorruptError: the file is damaged.
            StorageError: the database does not answer.
        """
        statement = "PRAGMA quick_check(1)" if self.is_sqlite else "SELECT 'ok'"
        verdict = await self.read(lambda connection: connection.scalar(text(statement)))
        if verdict != "ok":
            raise corrupt(self.label)
        return f"{self.engine.dialect.name} {self.label}"

    async def drop_traces(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that deleted words do not linger in it.

        Does what is possible while others read. Deleted rows of the file itself are zeroed (`secure_delete`).
        """
        if self.is_sqlite:
            await asyncio.get_running_loop().run_in_executor(self._writers, self._fold_log)

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turn the failures of driver and file system into ours, with the database named."""
        try:
            yield
        except (SQLAlchemyError, OSError) as exc:
            raise storage_error(exc, self.label) from exc

    def _prepare(self) -> None:
        url = self.engine.url
        with self.translated_errors():
            if self.is_sqlite and url.database and not url.query:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            with self.engine.connect() as connection:
                if migrations.is_current(connection):
                    return
            with self._writing_engine.begin() as connection:
                migrations.upgrade(connection, self.label)

    def _fold_log(self) -> None:
        with self.translated_errors(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def _close(self) -> None:
        self._readers.shutdown()
        self._writers.shutdown()
        with self.translated_errors():
            self.engine.dispose()


class _GivenUpError(Exception):
    """Ends a transaction that nobody waits for any more; nobody sees it."""


def _engine(url: str, synchronous: Synchronous, busy_timeout_seconds: float) -> Engine:
    setting = "DATABASE_URL"
    hint = "use sqlite:///path/of/file or postgresql://user:password@host/name"
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend not in _DRIVERS:
            raise SettingsError(setting, f"not an address of a database that the bot can use; {hint}")
        if backend == "sqlite" and _is_in_memory(parsed):
            raise SettingsError(setting, f"a database in memory forgets everything; {hint}")
        # A statement's parameters are users' words: they must not get into a log through an exception.
        engine = create_engine(
            parsed.set(drivername=_DRIVERS[backend]),
            hide_parameters=True,
            pool_size=_READERS + _POSTGRES_WRITERS,
        )
    except (ArgumentError, InvalidRequestError) as exc:
        raise SettingsError(setting, f"not an address of a database that the bot can use; {hint}") from exc
    except ModuleNotFoundError as exc:
        message = f"the package {exc.name} is not installed: pip install {exc.name}"
        raise SettingsError(setting, message) from exc
    if backend == "sqlite":
        prepare_sqlite(engine, synchronous, busy_timeout_seconds)
        _begin_by_what_is_to_be_done(engine)
    return engine


def _is_in_memory(url: URL) -> bool:
    return not url.database or ":memory:" in url.database or url.query.get("mode") == "memory"


def prepare_sqlite(
    engine: Engine,
    synchronous: Synchronous,
    busy_timeout_seconds: float,
    *,
    begins: Literal["IMMEDIATE"] | None = None,
) -> None:
    """Have every connection of `engine` opened as the bot's files want it.

    Args:
        engine: of a SQLite file.
        synchronous: `normal` survives a killed process, `full` a power cut too.
        busy_timeout_seconds: how long to wait for another process that is writing.
        begins: how sqlite3 begins a transaction before the first write; None leaves that to SQLAlchemy.
    """
    pragmas = (
        f"busy_timeout = {round(busy_timeout_seconds * 1000)}",
        "journal_mode = WAL",
        f"synchronous = {synchronous.upper()}",
        "foreign_keys = ON",
        "secure_delete = ON",
    )

    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = begins
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", on_connect)


def _begin_by_what_is_to_be_done(engine: Engine) -> None:
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "begin", on_begin)


def label_of(engine: Engine) -> str:
    """What to call a database in a message: the file, or the address without its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.render_as_string(hide_password=True)
