"""What readers yield: recipes, and rows that cannot be one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import cast

from core.errors import CorpusError
from core.recipe import Recipe


class RowError(CorpusError):
    """A row that cannot be read.

    Attributes:
        where: file and line, file and position, or archive and member.
        reason: what is wrong with it; equal for rows that fail alike, but for numbers in it.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


Row = Recipe | CorpusError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream of bytes comes from.

    Attributes:
        shown: for messages: the path, or `archive.tar.gz!member`.
        inner: path within the folder or archive that was asked for; its parents can tell a category.
    """

    shown: str
    inner: PurePath

    @property
    def name(self) -> str:
        """The file's own name, shown to users as the source of a recipe."""
        return self.inner.name


@dataclass(slots=True)
class Meter:
    """How many bytes of the sources were read: of an archive, the packed ones."""

    _before: int = 0
    _files: list[io.BufferedReader] = field(default_factory=list)

    def watch(self, file: io.BufferedReader) -> None:
        """Count what is read of `file` until `finish`."""
        self._files[:] = [file]

    def finish(self, size: int) -> None:
        """The watched file, or one that was read elsewhere, is done: `size` bytes."""
        self._files.clear()
        self._before += size

    @property
    def bytes_read(self) -> int:
        """Bytes of the finished files and of the open one."""
        return self._before + sum(file.tell() for file in self._files if not file.closed)


def opened(path: Path) -> io.BufferedReader:
    """A file's bytes, with a buffer wide enough to tell its format by a peek."""
    return cast("io.BufferedReader", path.open("rb", buffering=1 << 16))


StreamReader = Callable[[io.BufferedReader, Place], Iterator[Row]]
"""Reads one file of recipes from its bytes."""
