"""Vectors in files of the segment's folder, searched by FAISS: the default store.

`vectors.f16` holds the rows as they were given; few are compared one by one. Many get `vectors.faiss`
besides, an index of compressed codes that finds candidates, whose cosines are then computed from the rows
(`index.vector_stores.faiss_plan`). https://github.com/facebookresearch/faiss/wiki
"""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import faiss
import numpy as np

from core.errors import IndexCorruptError
from core.ports import Vectors
from index.vector_stores.checks import best_first, check_complete, check_room, checked, checked_query
from index.vector_stores.faiss_plan import DEFAULT_MEMORY_MEGABYTES, FaissPlan, plan_for
from index.vector_stores.ports import Found, Place, Precision, ReportProgress, no_progress
from index.vector_stores.row_file import RowFile, RowWriter, check_finished

ROWS_FILE = "vectors.f16"
CODES_FILE = "vectors.faiss"
_SEED = 20_260


class FaissVectorStores:
    """FAISS in the segments' folders.

    Args:
        memory_megabytes: what the searched codes of a segment may take; more vectors are compressed more.
    """

    kind = "faiss"
    file_names = (ROWS_FILE, f"{ROWS_FILE}.json", CODES_FILE)

    def __init__(self, memory_megabytes: float = DEFAULT_MEMORY_MEGABYTES) -> None:
        self._memory_megabytes = memory_megabytes

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> FaissBuilder:
        """Begin, or go on with, the vectors of a segment."""
        plan = plan_for(total, dimension, self._memory_megabytes)
        return FaissBuilder(place.folder, dimension, total, content, plan)

    def open(self, place: Place, *, dimension: int, total: int) -> FaissVectorStore:
        """Open finished vectors."""
        return FaissVectorStore(place.folder, dimension, total)

    def delete(self, place: Place) -> None:
        """Remove the files; whoever has them open keeps them until they are closed."""
        for name in self.file_names:
            (place.folder / name).unlink(missing_ok=True)


class FaissBuilder:
    """Keeps rows as they come; `finish` trains and fills the index over them."""

    def __init__(self, folder: Path, dimension: int, total: int, content: str, plan: FaissPlan) -> None:
        self._folder = folder
        self._total = total
        self._dimension = dimension
        self._plan = plan
        self._rows = RowWriter(folder / ROWS_FILE, dimension, content)

    @property
    def done(self) -> int:
        """Rows that are kept already."""
        return self._rows.done

    def append(self, vectors: Vectors) -> None:
        """Keep the next rows."""
        rows = checked(vectors, self._dimension, first_row=self.done)
        check_room(self.done + len(rows), self._total)
        self._rows.append(rows)

    def finish(self, progress: ReportProgress = no_progress) -> None:
        """Train and fill the index, then note that the rows are finished."""
        if self._rows.is_finished:
            return
        check_complete(self.done, self._total)
        (self._folder / CODES_FILE).unlink(missing_ok=True)
        if self._plan.factory:
            rows = RowFile(self._folder / ROWS_FILE, self._dimension, self.done)
            try:
                _write(_filled(rows, self._plan, progress), self._folder / CODES_FILE)
            finally:
                rows.close()
        self._rows.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()


class FaissVectorStore:
    """Finished vectors of a segment, opened for searching; safe to use from several threads."""

    precision: Precision = "float16"

    def __init__(self, folder: Path, dimension: int, total: int) -> None:
        check_finished(folder / ROWS_FILE)
        self._rows = RowFile(folder / ROWS_FILE, dimension, total)
        try:
            self._exact, self._codes = _opened(folder / CODES_FILE, self._rows)
        except IndexCorruptError:
            self._rows.close()
            raise
        self._candidates = plan_for(total, dimension).candidates

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
        rows = self._rows.range(start, stop)
        unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return unit

    def describe(self) -> str:
        """What is compared with what."""
        return "faiss, exact" if self._codes is None else f"faiss, {self._codes.nlist} lists"

    def close(self) -> None:
        """Give the file back; the memory goes with the last reference."""
        self._rows.close()

    def _search(self, query: Vectors, limit: int) -> Found:
        limit = min(limit, len(self))
        if limit <= 0:
            return []
        faiss.omp_set_num_threads(1)  # of this thread: searches side by side are faster each on one core
        if self._codes is None:
            cosines, rows = self._exact.search(query, limit)
            return best_first(rows[0], cosines[0], limit)
        _, found = self._codes.search(query, min(limit * self._candidates, len(self)))
        candidates = np.sort(found[0][found[0] >= 0])
        return best_first(candidates, self._rows.rows(candidates) @ query[0], limit)


def _opened(path: Path, rows: RowFile) -> tuple[Any, Any]:
    """(index that compares all, index of codes), one of them None."""
    if not path.exists():
        exact = faiss.IndexFlatIP(rows.dimension)
        for _, block in rows.blocks():
            exact.add(block)
        return exact, None
    try:
        codes = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    except RuntimeError as exc:  # FAISS raises nothing else, whatever is wrong with the file
        raise IndexCorruptError(f"{path}: cannot be read as a FAISS index") from exc
    if (codes.ntotal, codes.d) != (len(rows), rows.dimension):
        raise IndexCorruptError(f"{path}: does not belong to {len(rows)} vectors of {rows.dimension}")
    return None, codes


def _filled(rows: RowFile, plan: FaissPlan, progress: ReportProgress) -> Any:
    index: Any = faiss.index_factory(rows.dimension, plan.factory, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = _SEED
    index.cp.spherical = True
    index.nprobe = plan.probes
    progress("训练向量索引", 0, plan.sample)
    index.train(_sample(rows, plan.sample))
    progress("训练向量索引", plan.sample, plan.sample)
    for start, block in rows.blocks():
        index.add(block)
        progress("写入向量索引", start + len(block), len(rows))
    return index


def _sample(rows: RowFile, count: int) -> Vectors:
    numbers = np.random.default_rng(_SEED).choice(len(rows), size=min(count, len(rows)), replace=False)
    return rows.rows(np.sort(numbers))


def _write(index: Any, path: Path) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as exc:  # FAISS raises nothing else when it cannot write
        raise OSError(errno.ENOSPC, f"{path.name}: cannot be written") from exc
