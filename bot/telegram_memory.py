"""What the Telegram channel must know after a restart, in a small SQLite file of its own.

Telegram has no idempotency keys and gives a button only 64 bytes, so three things are kept: the message of
a button too long for them, the message in a group in which an answer is being streamed, and how many parts
of a long answer have been sent. Losing the file costs a doubled part or a button that has expired, no more.
It holds what the bot wrote, never what a user wrote, and forgets after `KEEP_DAYS`.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import StorageError

KEEP_DAYS = 30
_DAY_SECONDS = 86_400.0
_TABLE = """
CREATE TABLE IF NOT EXISTS note (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, written_at REAL NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID
"""


class TelegramMemory:
    """Named notes that survive a restart.

    Args:
        path: the file; it and its folder are made when they are missing.
        clock: seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    async def open(self) -> None:
        """Open the file and drop old notes.

        Raises:
            StorageError: it cannot be opened.
        """
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    async def keep(self, kind: str, name: str, value: str) -> None:
        """Write a note over the one of the same name.

        Raises:
            StorageError: it could not be written.
        """
        await asyncio.to_thread(
            self._run,
            "INSERT INTO note VALUES (?, ?, ?, ?) ON CONFLICT (kind, name) "
            "DO UPDATE SET value = excluded.value, written_at = excluded.written_at",
            (kind, name, value, self._clock()),
        )

    async def find(self, kind: str, name: str) -> str | None:
        """Read a note.

        Raises:
            StorageError: it could not be read.
        """
        found = await asyncio.to_thread(
            self._run, "SELECT value FROM note WHERE kind = ? AND name = ?", (kind, name)
        )
        return str(found[0][0]) if found else None

    async def drop(self, kind: str, name: str) -> None:
        """Forget a note.

        Raises:
            StorageError: it could not be removed.
        """
        await asyncio.to_thread(self._run, "DELETE FROM note WHERE kind = ? AND name = ?", (kind, name))

    def _open(self) -> None:
        with self._lock:
            if self._connection is not None:
                return
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(_TABLE)
            except (sqlite3.Error, OSError) as exc:
                raise StorageError(f"{self._path.name} in DATA_DIR cannot be opened: {exc}") from exc
            self._connection = connection
        self._run("DELETE FROM note WHERE written_at < ?", (self._clock() - KEEP_DAYS * _DAY_SECONDS,))

    def _close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, statement: str, values: tuple[str | float, ...]) -> list[tuple[str]]:
        with self._lock:
            if self._connection is None:
                raise StorageError(f"{self._path.name} is closed")
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as exc:
                raise StorageError(f"{self._path.name} in DATA_DIR: {exc}", retryable=True) from exc


def short_code(text: str) -> str:
    """A name for `text` in 32 characters; the same text has the same one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
