"""Vectors of the hypothetical questions in FAISS, compared exactly (inner product of unit vectors)."""

from __future__ import annotations

import errno
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from core.errors import IndexCorruptError
from core.ports import Vectors

FILE_NAME = "vectors.faiss"


def build(folder: Path, vectors: Vectors) -> None:
    """Write `vectors` (float32 [n, dim], L2-normalised) to `folder`; row numbers are form numbers."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    try:
        faiss.write_index(index, str(folder / FILE_NAME))
    except RuntimeError as exc:  # FAISS raises nothing else when it cannot write
        raise OSError(errno.ENOSPC, f"{FILE_NAME}: cannot be written") from exc


class FaissVectorStore:
    """A built vector index, opened for searching; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE_NAME
        try:
            self._index = faiss.read_index(str(path))
        except RuntimeError as exc:  # FAISS raises nothing else, whatever is wrong with the file
            raise IndexCorruptError(f"{path}: cannot be read as a FAISS index") from exc

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(self, vector: NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
        """The nearest rows to `vector` (float32 [dim], L2-normalised): (row, cosine), best first."""
        scores, rows = self._index.search(vector[np.newaxis, :], min(limit, len(self)))
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]
