"""What every store refuses before it looks at its data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.errors import IndexMismatchError, RecipeIndexError
from core.ports import Vectors

_LENGTH_TOLERANCE = 0.01
"""4-bit embedders are off by less than 1e-4; a vector that was never normalised by far more."""


def checked(vectors: Vectors, dimension: int, *, first_row: int = 0) -> Vectors:
    """`vectors` as float32 [n, dimension] in one piece.

    Raises:
        IndexMismatchError: they have another dimension.
        RecipeIndexError: one is not of length one (NaN, infinite, zero, not normalised).
    """
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        found = vectors.shape[1] if vectors.ndim == 2 else f"of shape {vectors.shape}"
        raise IndexMismatchError(f"vectors have dimension {found}, the store has {dimension}")
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    squares = np.einsum("ij,ij->i", rows, rows)
    wrong = ~(np.abs(squares - 1) < 2 * _LENGTH_TOLERANCE)  # NaN is wrong, too
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise RecipeIndexError(f"vector {first_row + row}: not of length one, so nothing can be compared")
    return rows


def checked_query(vector: Vectors, dimension: int) -> Vectors:
    """A query vector as float32 [1, dimension]; raises as `checked` does."""
    return checked(vector[np.newaxis, :], dimension)


def check_room(count: int, total: int) -> None:
    """Refuse more rows than were announced.

    Raises:
        RecipeIndexError: `count` is above `total`.
    """
    if count > total:
        raise RecipeIndexError(f"{count} vectors for a segment that has {total} forms")


def check_complete(count: int, total: int) -> None:
    """Refuse to finish before all rows are there.

    Raises:
        RecipeIndexError: `count` is not `total`.
    """
    if count != total:
        raise RecipeIndexError(f"{count} of {total} vectors are there, so the segment cannot be finished")


def best_first(rows: Iterable[int], cosines: Iterable[float], limit: int) -> list[tuple[int, float]]:
    """The `limit` best of some rows; a row below 0 stands for nothing found."""
    pairs = [(int(row), float(cosine)) for row, cosine in zip(rows, cosines, strict=True) if row >= 0]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    return pairs[:limit]
