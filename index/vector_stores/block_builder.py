"""Building in a database: rows are written in blocks of one size, so a kill leaves at most one in pieces."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

import numpy as np

from core.ports import Vectors
from index.vector_stores.checks import check_complete, check_room, checked
from index.vector_stores.ports import ReportProgress, no_progress

BLOCK_ROWS = 256
"""Rows written at once: 0.8 MB at dimension 768, far below the 32 MB that a Qdrant server takes."""


class BlockTarget(Protocol):
    """What a database does for its builder. Writing a row again replaces it."""

    @property
    def is_finished(self) -> bool:
        """Whether it can be searched already."""
        ...

    def kept(self) -> int:
        """How many rows are there."""
        ...

    def write(self, start: int, block: Vectors) -> None:
        """Keep the rows from `start` on; they survive a kill when this returns."""
        ...

    def finish(self, progress: ReportProgress) -> None:
        """Make the rows searchable."""
        ...

    def close(self) -> None:
        """Give back files and connections."""
        ...


class BlockBuilder:
    """A `VectorStoreBuilder` over a database."""

    def __init__(self, target: BlockTarget, dimension: int, total: int) -> None:
        self._target = target
        self._dimension = dimension
        self._total = total
        self._waiting = np.empty((0, dimension), dtype=np.float32)
        kept = target.kept()
        self._written = kept if kept == total else kept // BLOCK_ROWS * BLOCK_ROWS

    @property
    def done(self) -> int:
        """Rows that are kept, or wait for their block to be full."""
        return self._written + len(self._waiting)

    def append(self, vectors: Vectors) -> None:
        """Take the next rows; full blocks are written."""
        rows = checked(vectors, self._dimension, first_row=self.done)
        check_room(self.done + len(rows), self._total)
        self._waiting = np.concatenate([self._waiting, rows])
        while len(self._waiting) >= BLOCK_ROWS:
            self._write_block()

    def finish(self, progress: ReportProgress = no_progress) -> None:
        """Write the last block and make all searchable."""
        if self._target.is_finished:
            return
        check_complete(self.done, self._total)
        if len(self._waiting):
            self._write_block()
        self._target.finish(progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._target.close()

    def _write_block(self) -> None:
        block = self._waiting[:BLOCK_ROWS]
        self._target.write(self._written, block)
        self._written += len(block)
        self._waiting = self._waiting[len(block) :]
