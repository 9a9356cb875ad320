"""Vectors in files of the segment's folder, searched by FAISS: the default store.

`vectors.f16` holds the rows as they were given; few are compared one by one. Many get `vectors.faiss`
besides, an index of compressed codes that finds candidates, whose cosines are then computed from the rows
(`index.vector_stores.faiss_plan`). Its cells are mapped, not read: memory grows with what is looked at.
https://github.com/facebookresearch/faiss/wiki
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np

from core.errors import IndexCorruptError
from core.ports import Vectors
from index.vector_stores.checks import best_first, checked, checked_query
from index.vector_stores.faiss_build import CODES_FILE, ROWS_FILE, FaissBuilder
from index.vector_stores.faiss_plan import DEFAULT_MEMORY_MEGABYTES, EXACT_NUMBERS, candidates_for, plan_for
from index.vector_stores.ports import Found, Place, Precision
from index.vector_stores.row_file import RowFile, check_finished


class FaissVectorStores:
    """FAISS in the segments' folders.

    Args:
        memory_megabytes: what the searched codes of a segment may take; more vectors are compressed more.
        exact_numbers: up to so many numbers (vectors × dimension) all vectors are compared.
    """

    kind = "faiss"
    file_names: tuple[str, ...] = (ROWS_FILE, f"{ROWS_FILE}.json", CODES_FILE)

    def __init__(
        self, memory_megabytes: float = DEFAULT_MEMORY_MEGABYTES, *, exact_numbers: int = EXACT_NUMBERS
    ) -> None:
        self._memory_megabytes = memory_megabytes
        self._exact_numbers = exact_numbers

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> FaissBuilder:
        """Begin, or go on with, the vectors of a segment."""
        plan = plan_for(total, dimension, self._memory_megabytes, self._exact_numbers)
        return FaissBuilder(place.folder, dimension, total, content, plan)

    def open(self, place: Place, *, dimension: int, total: int) -> FaissVectorStore:
        """Open finished vectors."""
        return FaissVectorStore(place.folder, dimension, total)

    def delete(self, place: Place) -> None:
        """Remove the files; whoever has them open keeps them until they are closed."""
        for name in self.file_names:
            (place.folder / name).unlink(missing_ok=True)


class FaissVectorStore:
    """Finished vectors of a segment, opened for searching; safe to use from several threads."""

    precision: Precision = "float16"

    def __init__(self, folder: Path, dimension: int, total: int) -> None:
        check_finished(folder / ROWS_FILE)
        self._rows = RowFile(folder / ROWS_FILE, dimension, total)
        try:
            has_codes = (folder / CODES_FILE).exists()
            self._index = _codes(folder / CODES_FILE, self._rows) if has_codes else _exact(self._rows)
        except IndexCorruptError:
            self._rows.close()
            raise
        self._candidates = candidates_for(self._index.code_size / dimension) if has_codes else 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._rows.dimension

    def search(self, vector: Vectors, limit: int) -> Found:
        """The nearest rows: by comparing all, or by comparing the candidates of the codes."""
        return self._search(checked_query(vector, self.dimension), limit)

    def search_batch(self, vectors: Vectors, limit: int) -> list[Found]:
        """`search` for each row of `vectors`."""
        queries = checked(vectors, self.dimension)
        return [self._search(queries[row : row + 1], limit) for row in range(len(queries))]

    def vectors(self, start: int, stop: int) -> Vectors:
        """The stored rows, which are those given rounded to float16."""
        return self._rows.range(start, stop)

    def describe(self) -> str:
        """What is compared with what."""
        if not self._candidates:
            return "faiss, all compared"
        kind = type(self._index).__name__.removeprefix("Index")
        return f"faiss, {kind} with {self._index.nlist} cells, {self._index.nprobe} looked into"

    def close(self) -> None:
        """Give the file back; the memory goes with the last reference."""
        self._rows.close()

    def _search(self, query: Vectors, limit: int) -> Found:
        limit = min(limit, len(self))
        if limit <= 0:
            return []
        faiss.omp_set_num_threads(
            1
        )  # for this thread alone: side by side, searches are faster on a core each
        if not self._candidates:
            cosines, rows = self._index.search(query, limit)
            return best_first(rows[0], cosines[0], limit)
        _, found = self._index.search(query, min(max(limit, 5) * self._candidates, len(self)))
        candidates = np.sort(found[0][found[0] >= 0])
        return best_first(candidates, self._rows.rows(candidates) @ query[0], limit)


def _exact(rows: RowFile) -> Any:
    index = faiss.IndexFlatIP(rows.dimension)
    for _, block in rows.blocks():
        index.add(block)
    return index


def _codes(path: Path, rows: RowFile) -> Any:
    try:
        codes: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    except RuntimeError as exc:  # FAISS raises nothing else, whatever is wrong with the file
        raise IndexCorruptError(f"{path}: cannot be read as a FAISS index") from exc
    if (codes.ntotal, codes.d) != (len(rows), rows.dimension):
        raise IndexCorruptError(f"{path}: does not belong to {len(rows)} vectors of {rows.dimension}")
    cells = faiss.downcast_InvertedLists(codes.invlists)
    if isinstance(cells, faiss.OnDiskInvertedLists):
        cells.prefetch_nthread = 0  # each search would start 32 threads: 3.2 ms of processor time, not 1.9
    return codes
