"""One writer an index: whoever builds, adds, removes or compacts holds the lock; searching needs none."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import RecipeIndexError

FILE_NAME = ".lock"


class IndexBusyError(RecipeIndexError):
    """Another process is writing to the index."""

    code = "index_busy"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the lock of the index at `folder`, which is made if need be; the system frees it on any death.

    Raises:
        IndexBusyError: somebody else holds it.
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            if exc.errno not in {errno.EACCES, errno.EAGAIN}:
                raise
            raise IndexBusyError(_busy(folder, os.pread(descriptor, 20, 0))) from exc
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _busy(folder: Path, owner: bytes) -> str:
    who = f"process {owner.decode()}" if owner.isdigit() else "another process"
    return f"{folder}: {who} is building or changing this index; try again when it has ended"
