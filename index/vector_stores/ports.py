"""What the recipe index needs of a vector store.

A store keeps the vectors of one segment: row n is the question of form n. A builder takes them in order and
can be killed at any moment; what it had kept is there again when it is opened with the same `content`. A
store that is not finished cannot be opened for search.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from core.ports import Vectors

Found = list[tuple[int, float]]
"""Rows and their cosines in [-1, 1], best first; equal cosines in the order of rows."""

ReportProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, total)."""

Precision = Literal["float32", "float16"]
"""What a store keeps of a number; rounding to float16 moves a cosine by less than 0.0005."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the vectors of a segment belong.

    Attributes:
        index_dir: folder of the index; embedded databases are kept below it.
        index_id: tells the indexes on a server apart: letters, digits, "-", given once when an index is made.
        segment: name of the segment.
        folder: where the segment's files are; while it is being built not yet `index_dir / segment`.
    """

    index_dir: Path
    index_id: str
    segment: str
    folder: Path

    @property
    def collection(self) -> str:
        """Name of the collection, safe for every store: letters, digits, "-", at most 63 characters."""
        safe = re.sub(r"[^A-Za-z0-9]+", "-", f"{self.index_id[:32]}-{self.segment}").strip("-")
        return f"shishen-{safe}"[:63].rstrip("-")


class VectorStore(Protocol):
    """The finished vectors of one segment, opened for searching; safe to use from several threads."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def precision(self) -> Precision:
        """How exactly `vectors` gives back what was stored."""
        ...

    def __len__(self) -> int:
        """How many vectors there are."""
        ...

    def search(self, vector: Vectors, limit: int) -> Found:
        """The nearest rows to `vector` (float32 [dim], L2-normalised), at most `limit` of them.

        Raises:
            IndexMismatchError: the vector has another length.
            RecipeIndexError: the vector holds NaN or is not of length one.
            IndexCorruptError: the stored vectors are damaged.
            VectorStoreUnavailableError: the server does not answer.
        """
        ...

    def search_batch(self, vectors: Vectors, limit: int) -> list[Found]:
        """`search` for each row of `vectors` (float32 [n, dim], L2-normalised)."""
        ...

    def vectors(self, start: int, stop: int) -> Vectors:
        """The stored vectors of rows start to stop - 1, for moving them: float32 [n, dim], L2-normalised."""
        ...

    def describe(self) -> str:
        """One line for whoever runs the bot: which kind, and how it compares."""
        ...

    def close(self) -> None:
        """Give back files and connections; nothing may be searched afterwards."""
        ...


class VectorStoreBuilder(Protocol):
    """Takes the vectors of one segment in order; one writer at a time. Leaving the context closes it."""

    @property
    def done(self) -> int:
        """How many rows are kept already, those of a killed build included: go on with this one."""
        ...

    def append(self, vectors: Vectors) -> None:
        """Keep the next rows: float32 [n, dim], L2-normalised.

        Raises:
            IndexMismatchError: the vectors have another length.
            RecipeIndexError: a vector holds NaN or is not of length one (names the row), or is one too many.
            VectorStoreUnavailableError: the server does not answer; what is kept stays.
            OSError: it cannot be written.
        """
        ...

    def finish(self, progress: ReportProgress = no_progress) -> None:
        """Make the rows searchable; before this returns, the store cannot be opened. Twice is no error.

        Raises:
            RecipeIndexError: rows are missing.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back files and connections; what is kept stays for the next attempt."""
        ...


class VectorStores(Protocol):
    """A kind of store, as set up here."""

    @property
    def kind(self) -> str:
        """Its name in the manifest."""
        ...

    @property
    def file_names(self) -> tuple[str, ...]:
        """What it may keep in a segment's folder; the manifest lists those of them that are there."""
        ...

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> VectorStoreBuilder:
        """Begin, or go on with, the vectors of a segment.

        Args:
            place: where they belong.
            dimension: length of a vector.
            total: how many there will be.
            content: digest of the embedder and all that is embedded; rows kept under another are dropped.
        """
        ...

    def open(self, place: Place, *, dimension: int, total: int) -> VectorStore:
        """Open finished vectors.

        Raises:
            IndexCorruptError: they are missing, damaged, unfinished, or not `total` of that dimension.
            VectorStoreUnavailableError: the server does not answer.
        """
        ...

    def delete(self, place: Place) -> None:
        """Remove the vectors of a segment, wherever they are; removing what is not there is no error."""
        ...
