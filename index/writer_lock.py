"""One writer an index: whoever builds, adds, removes or compacts holds the lock; searching needs none."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import RecipeIndexError
from index.manifest import Manifest

FILE_NAME = ".lock"


class IndexBusyError(RecipeIndexError):
    """Another process is writing to the index."""

    code = "index_busy"


@contextmanager
def writing(folder: Path, *, make: bool = True) -> Iterator[None]:
    """Hold the lock of the index at `folder`; the system frees it on any death.

    Args:
        folder: of the index.
        make: make the folder if need be.

    Raises:
        IndexBusyError: somebody else holds it.
        IndexMissingError: there is no index, and `make` is off.
        OSError: the folder cannot be written to.
    """
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    else:
        Manifest.read(folder)
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
