"""Vectors in a file as they come: rows of float16, in order, nothing else.

It is the journal of a build that may be killed, what exact scores are computed from, and what vectors are
moved from. Rounding a unit vector to float16 moves a cosine by about 1e-5 (docs/retrieval.md, "Vectors").
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import IndexCorruptError
from core.ports import Vectors
from core.whole_file import whole_file

_BLOCK_ROWS = 16_384
_TYPE = np.dtype("<f2")
_LENGTH_TOLERANCE = 0.02


class RowWriter:
    """Appends rows; goes on where a killed build of the same content stopped.

    Beside the rows, `PATH.json` notes what they are of and whether they are finished.

    Args:
        path: the file.
        dimension: length of a row.
        content: digest of what the rows are of; the rows of another content are dropped.
    """

    def __init__(self, path: Path, dimension: int, content: str) -> None:
        self._path = path
        self._content = content
        self._dimension = dimension
        row_bytes = dimension * _TYPE.itemsize
        note = _read_note(path)
        self.done = 0
        self.is_finished = False
        if path.exists() and (note.get("content"), note.get("dimension")) == (content, dimension):
            self.done = path.stat().st_size // row_bytes
            self.is_finished = note.get("finished") is True
            os.truncate(path, self.done * row_bytes)  # a kill may have cut a row short
        else:
            path.unlink(missing_ok=True)
            self._note(finished=False)
        self._file = path.open("ab")

    def append(self, vectors: Vectors) -> None:
        """Keep the next rows; they are in the system's hands when this returns."""
        self._file.write(np.ascontiguousarray(vectors, dtype=_TYPE).tobytes())
        self._file.flush()
        self.done += len(vectors)

    def sync(self) -> None:
        """Have everything written to the disk."""
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """All rows are there, and what is made of them."""
        self.sync()
        self._note(finished=True)
        self.is_finished = True

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _note(self, *, finished: bool) -> None:
        fields = {"content": self._content, "dimension": self._dimension, "finished": finished}
        with whole_file(_note_of(self._path)) as unfinished:
            unfinished.write_text(json.dumps(fields), encoding="utf-8")


class RowFile:
    """A file of rows, opened for reading; safe to use from several threads.

    It is read, not mapped: mapped pages would count as memory of the process until the system takes them.

    Raises:
        IndexCorruptError: the file is missing or does not hold `total` rows of `dimension`.
    """

    def __init__(self, path: Path, dimension: int, total: int) -> None:
        self._path = path
        self._row_bytes = dimension * _TYPE.itemsize
        self._total = total
        self.dimension = dimension
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as exc:
            raise IndexCorruptError(f"{path}: cannot be read") from exc
        self.close = weakref.finalize(self, os.close, self._descriptor)
        """Give the file back; otherwise that happens with the last reference."""
        if os.fstat(self._descriptor).st_size != total * self._row_bytes:
            self.close()
            raise IndexCorruptError(f"{path}: does not hold {total} vectors of dimension {dimension}")

    def __len__(self) -> int:
        return self._total

    def range(self, start: int, stop: int) -> Vectors:
        """Rows start to stop - 1: float32 [n, dimension], L2-normalised again."""
        start, stop = max(start, 0), min(stop, self._total)
        if stop <= start:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._decoded(self._read(start, stop - start))

    def rows(self, numbers: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """The rows of these numbers: float32 [n, dimension], L2-normalised again."""
        return self._decoded(b"".join(self._read(int(number), 1) for number in numbers))

    def blocks(self) -> Iterator[tuple[int, Vectors]]:
        """All rows in order: (number of the first, float32 [n, dimension])."""
        for start in range(0, self._total, _BLOCK_ROWS):
            yield start, self.range(start, start + _BLOCK_ROWS)

    def _read(self, start: int, count: int) -> bytes:
        wanted = count * self._row_bytes
        data = os.pread(self._descriptor, wanted, start * self._row_bytes)
        if len(data) != wanted:
            raise IndexCorruptError(f"{self._path}: ends too early")
        return data

    def _decoded(self, data: bytes) -> Vectors:
        rows = np.frombuffer(data, dtype=_TYPE).reshape(-1, self.dimension).astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        if not (np.abs(lengths - 1) < _LENGTH_TOLERANCE).all():
            raise IndexCorruptError(f"{self._path}: holds what is no vector of length one")
        unit: Vectors = rows / lengths[:, np.newaxis]
        return unit


def check_finished(path: Path) -> None:
    """Hold the note beside rows against their being searched.

    Raises:
        IndexCorruptError: they are missing, or their build was never finished.
    """
    if _read_note(path).get("finished") is not True:
        raise IndexCorruptError(f"{path}: missing, or its vectors were never finished")


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_note(path: Path) -> dict[str, object]:
    try:
        note = json.loads(_note_of(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}
