"""The folder of an index: what may lie in it, what is left over in it, and putting a manifest in use."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import (
    DiskFullError,
    IndexCorruptError,
    IndexMismatchError,
    IndexMissingError,
    RecipeIndexError,
)
from index.manifest import FILE_NAME as MANIFEST_NAME
from index.manifest import Manifest
from index.writer_lock import FILE_NAME as LOCK_NAME

BUILDING = "building"
_NUMBERED = re.compile(r"(?:segment-|removed-)(\d{1,9})(?:\.npy)?")
_DATABASE = re.compile(r"vectors-[a-z-]{1,30}")
"""What an embedded database lies in (`index.vector_stores.database_folder`)."""
_OLD_FORMAT = (
    *("recipes.jsonl", "recipes.jsonl.offsets", "forms.txt", "forms.txt.offsets", "forms.rows"),
    *("lexical", "vectors.faiss"),
)
"""What an index of format 1 had in this place."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def may_be_replaced(folder: Path) -> bool:
    """Whether `folder` is free, or an index, be it a damaged or unfinished one."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir() if not _DATABASE.fullmatch(path.name)}
    names -= {LOCK_NAME, BUILDING, f"{MANIFEST_NAME}.new"}
    has_parts = any(_NUMBERED.fullmatch(name) for name in names) or not names.isdisjoint(_OLD_FORMAT)
    is_unfinished = all(_NUMBERED.fullmatch(name) for name in names)
    return is_unfinished or (MANIFEST_NAME in names and has_parts)


def next_number(folder: Path) -> int:
    """A number that no segment and no file of removed recipes has ever had here."""
    used = [int(match[1]) for path in folder.iterdir() if (match := _NUMBERED.fullmatch(path.name))]
    with suppress(IndexMissingError, IndexMismatchError, IndexCorruptError):
        used.append(Manifest.read(folder).next_number - 1)
    return max(used, default=0) + 1


def put_in_use(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, then remove what only the one before it listed.

    Whoever has an old segment open goes on reading it; the system keeps open files.
    """
    manifest.write(folder)
    _sync(folder)
    remove_unlisted(folder, manifest)


def remove_unlisted(folder: Path, manifest: Manifest) -> None:
    """Remove segments, files and databases that `manifest` does not list; work under way stays."""
    listed = {segment.name for segment in manifest.segments} | set(manifest.removed_files)
    listed.add(f"vectors-{manifest.vector_store}")
    for path in folder.iterdir():
        is_part = _NUMBERED.fullmatch(path.name) or _DATABASE.fullmatch(path.name)
        if path.name in _OLD_FORMAT or (is_part and path.name not in listed):
            remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync_files(folder: Path) -> None:
    """Have every file below `folder` on the disk, so that a power cut after the manifest loses none."""
    for path in folder.rglob("*"):
        if path.is_file():
            _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the system says about writing into an error that people understand.

    Raises:
        DiskFullError: there is no room.
        RecipeIndexError: the folder cannot be written to.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise DiskFullError(
                f"{folder}: no room on the disk; the index in use is unchanged, and the same command goes on "
                f"from {folder / BUILDING} when there is room"
            ) from exc
        raise RecipeIndexError(f"{folder}: cannot be written ({exc.strerror})") from exc
