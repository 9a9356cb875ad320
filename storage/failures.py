"""The failures of databases as errors of ours: the one place where they get their names."""

from __future__ import annotations

import errno

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import DatabaseCorruptError, DiskFullError, StorageError

# https://www.sqlite.org/rescode.html: the low byte is the primary code.
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_READONLY, _SQLITE_IOERR = 5, 6, 8, 10
_SQLITE_CORRUPT, _SQLITE_FULL, _SQLITE_CANTOPEN, _SQLITE_NOTADB = 11, 13, 14, 26
_SQLITE_IOERR_SHORT_READ = 522
_SQLITE_IOERR_SHMSIZE = 4874  # the index of the write-ahead log cannot grow: the disk is full
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_DISK_FULL = "53100"
_POSTGRES_CORRUPT = ("XX001", "XX002")
_POSTGRES_TRY_AGAIN = ("40001", "40P01", "55P03", "57P03")


def corrupt(label: str) -> DatabaseCorruptError:
    """A database that is damaged, and what to do."""
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
    if isinstance(cause, OSError):
        return StorageError(f"{label} cannot be reached: {cause.strerror or cause}", retryable=True)
    return _postgres_error(exc, cause, getattr(cause, "sqlstate", None) or "", label)


def _postgres_error(exc: Exception, cause: BaseException | None, state: str, label: str) -> StorageError:
    if state == _POSTGRES_DISK_FULL:
        return _full(label)
    if state in _POSTGRES_CORRUPT:
        return DatabaseCorruptError(f"{label} is damaged ({state}): restore a backup")
    if not state and isinstance(exc, OperationalError):  # without a server nobody names a state
        return StorageError(f"{label} cannot be reached", retryable=True)
    retryable = state in _POSTGRES_TRY_AGAIN or state.startswith("08") or isinstance(exc, PoolTimeoutError)
    return StorageError(f"{label}: {type(cause).__name__} {state}".rstrip(), retryable=retryable)


def _sqlite_error(code: int, label: str) -> StorageError:
    primary = code & 0xFF
    if primary in {_SQLITE_CORRUPT, _SQLITE_NOTADB} or code == _SQLITE_IOERR_SHORT_READ:
        return corrupt(label)
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
