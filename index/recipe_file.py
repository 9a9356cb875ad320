"""Lines on disk, found by number: memory stays flat at any size.

`NAME` holds the lines, `NAME.offsets` where each begins (int64, little endian; one more than lines).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import IndexCorruptError

_OFFSETS_BUFFERED = 65_536


class LineWriter:
    """Writes lines and their offsets; close it to have them all on disk."""

    def __init__(self, folder: Path, name: str) -> None:
        self._lines = (folder / name).open("wb")
        self._offsets_file = (folder / f"{name}.offsets").open("wb")
        self._offsets = array("q", [0])
        self._position = 0

    def append(self, line: bytes) -> None:
        """Add one line of UTF-8; it must not hold a line break."""
        self._lines.write(line + b"\n")
        self._position += len(line) + 1
        self._offsets.append(self._position)
        if len(self._offsets) >= _OFFSETS_BUFFERED:
            self._write_offsets()

    def close(self) -> None:
        """Finish both files; doing it again changes nothing."""
        if self._lines.closed:
            return
        self._lines.close()
        self._write_offsets()
        self._offsets_file.close()

    def _write_offsets(self) -> None:
        self._offsets_file.write(np.asarray(self._offsets, dtype="<i8").tobytes())
        self._offsets = array("q")


class LineReader:
    """Reads lines by number, memory-mapped; safe to use from several threads."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        try:
            # plain arrays over the mapped files: a memmap takes its time for each slice
            self._offsets = np.asarray(np.memmap(folder / f"{name}.offsets", dtype="<i8", mode="r"))
            self._bytes = np.asarray(np.memmap(self._path, dtype=np.uint8, mode="r"))
        except (OSError, ValueError) as exc:
            raise IndexCorruptError(f"{self._path}: cannot be read") from exc
        if int(self._offsets[-1]) != len(self._bytes):
            raise IndexCorruptError(f"{self._path}: does not fit its offsets")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def line(self, number: int) -> str:
        """Line `number`, without its line break."""
        start, end = int(self._offsets[number]), int(self._offsets[number + 1]) - 1
        return self._bytes[start:end].tobytes().decode("utf-8")


def lines_of(path: Path) -> Iterator[str]:
    """All lines of a file that `LineWriter` wrote, in order, one in memory at a time."""
    with path.open("rb") as file:
        for line in file:
            yield line[:-1].decode("utf-8")
