"""Which messages were accepted: the list that tells a repeated delivery from a new message.

Kept in the database of the durable inbox (its own file, or the bot's PostgreSQL). An event holds its
message until the message is done; what stays after that is digests, no words and no ids of people.
Blocking: call it in a thread. https://www.sqlite.org/wal.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.errors import SettingsError
from storage.failures import storage_error
from storage.session import Synchronous, label_of, prepare_sqlite
from storage.tables import UtcDateTime

_METADATA = sa.MetaData()
_EVENTS = sa.Table(
    "accepted_events",
    _METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event_key", sa.String(64), nullable=False, unique=True),
    sa.Column("user_key", sa.String(64), nullable=False, index=True),
    sa.Column("chat_key", sa.String(64), nullable=False),
    sa.Column("data", sa.Text, nullable=True),
    sa.Column("accepted_at", UtcDateTime, nullable=False, index=True),
    sqlite_autoincrement=True,
)
_UNFINISHED = _EVENTS.c.data.is_not(None)
sa.Index(
    "ix_accepted_events_unfinished",
    _EVENTS.c.sequence,
    sqlite_where=_UNFINISHED,
    postgresql_where=_UNFINISHED,
)

_BATCH = 500
"""Events handled at once."""
_CONNECTIONS = 16
"""As many as the work queue has threads."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that is not done.

    Attributes:
        sequence: its number; numbers grow in the order of acceptance.
        chat_key: digest of its chat.
        data: the message, as text.
    """

    sequence: int
    chat_key: str
    data: str


class AcceptedEvents:
    """The list of accepted messages, numbered in the order of acceptance.

    Args:
        url: `sqlite:///path/of/file` (folders are created) or `postgresql…://…`.
        synchronous: SQLite only: `normal` survives a killed process, `full` a power cut too.
        busy_timeout_seconds: SQLite only: how long to wait for another writer.

    Attributes:
        engine: connections to the database, for the work queue that shares it.

    Raises:
        SettingsError: the address cannot be used.
        StorageError: the database cannot be opened or written, or is damaged.
    """

    def __init__(
        self, url: str, *, synchronous: Synchronous = "normal", busy_timeout_seconds: float = 5.0
    ) -> None:
        self.engine = _engine(url, synchronous, busy_timeout_seconds)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        try:
            with self.translated_errors():
                if self.is_sqlite and self.engine.url.database:
                    Path(self.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
                _METADATA.create_all(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def label(self) -> str:
        """What to call the database in a message: the file, or the address without its password."""
        return label_of(self.engine)

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turn the failures of driver and file system into `StorageError`s that name the database."""
        try:
            yield
        except (SQLAlchemyError, OSError) as exc:
            raise storage_error(exc, self.label) from exc

    def record(self, event_key: str, user_key: str, chat_key: str, data: str) -> StoredEvent | None:
        """Store an event; returns None for one that is known already.

        Raises:
            StorageError: nothing was stored.
        """
        row = {
            "event_key": event_key,
            "user_key": user_key,
            "chat_key": chat_key,
            "data": data,
            "accepted_at": datetime.now(UTC),
        }
        with self.translated_errors():
            try:
                with self.engine.begin() as connection:
                    statement = sa.insert(_EVENTS).returning(_EVENTS.c.sequence)
                    sequence: int = connection.execute(statement, row).scalar_one()
            except IntegrityError:
                return None
        return StoredEvent(sequence, chat_key, data)

    def unfinished(self) -> list[StoredEvent]:
        """The events that are not done, in the order of acceptance."""
        columns = (_EVENTS.c.sequence, _EVENTS.c.chat_key, _EVENTS.c.data)
        statement = sa.select(*columns).where(_UNFINISHED).order_by(_EVENTS.c.sequence)
        with self.translated_errors(), self.engine.connect() as connection:
            return [StoredEvent(*row) for row in connection.execute(statement)]

    def finish(self, sequences: Sequence[int]) -> None:
        """Note that these events are done, and drop their messages."""
        statement = sa.update(_EVENTS).where(_EVENTS.c.sequence.in_(sequences)).values(data=None)
        with self.translated_errors(), self.engine.begin() as connection:
            connection.execute(statement)

    def done(self, *, user_key: str | None = None, older_than: timedelta = timedelta(0)) -> list[StoredEvent]:
        """The events that are done, not disowned, and accepted longer ago than that; a user's, or all."""
        columns = (_EVENTS.c.sequence, _EVENTS.c.chat_key, sa.literal(""))
        old = _EVENTS.c.accepted_at <= datetime.now(UTC) - older_than
        statement = sa.select(*columns).where(old, ~_UNFINISHED).order_by(_EVENTS.c.sequence).limit(_BATCH)
        whose = _EVENTS.c.user_key != "" if user_key is None else _EVENTS.c.user_key == user_key
        with self.translated_errors(), self.engine.connect() as connection:
            return [StoredEvent(*row) for row in connection.execute(statement.where(whose))]

    def disown(self, sequences: Sequence[int]) -> None:
        """Drop the tie between a user and these events, whose words are gone; they are still known."""
        statement = sa.update(_EVENTS).where(_EVENTS.c.sequence.in_(sequences)).values(user_key="")
        with self.translated_errors(), self.engine.begin() as connection:
            connection.execute(statement)

    def purge(self, older_than: timedelta) -> int:
        """Delete events that are done and were accepted longer ago than that; returns their number."""
        old = _EVENTS.c.accepted_at < datetime.now(UTC) - older_than
        statement = sa.delete(_EVENTS).where(old, ~_UNFINISHED)
        with self.translated_errors(), self.engine.begin() as connection:
            return connection.execute(statement).rowcount

    def has_table(self, name: str, schema: str) -> bool:
        """Whether the work queue has made its table yet (SQLite knows no schemas)."""
        with self.translated_errors():
            return sa.inspect(self.engine).has_table(name, None if self.is_sqlite else schema)

    def drop_traces(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that deleted words do not linger in it."""
        if not self.is_sqlite:
            return
        with self.translated_errors(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str, synchronous: Synchronous, busy_timeout_seconds: float) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            # hide_parameters: a statement's parameters are users' words.
            return sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                hide_parameters=True,
                pool_pre_ping=True,
                pool_size=_CONNECTIONS,
            )
        engine = sa.create_engine(
            parsed.set(drivername="sqlite"), hide_parameters=True, pool_size=_CONNECTIONS
        )
    except (SQLAlchemyError, ModuleNotFoundError) as exc:
        message = "not an address that the inbox can use: postgresql://… or empty for SQLite"
        raise SettingsError("DATABASE_URL", message) from exc
    # The work queue expects sqlite3 to begin with BEGIN IMMEDIATE before the first write.
    prepare_sqlite(engine, synchronous, busy_timeout_seconds, begins="IMMEDIATE")
    return engine
