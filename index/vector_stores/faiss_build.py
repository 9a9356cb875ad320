"""Building FAISS's files of a segment: the rows as they come, then, for many of them, an index of codes.

Cells and codes are trained on a sample drawn with a fixed seed, so the same rows give the same index. With
faiss-gpu and a GPU, the cells are trained there; the index is the processor's either way.
"""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import faiss
import numpy as np

from core.ports import Vectors
from index.vector_stores.checks import check_complete, check_room, checked
from index.vector_stores.faiss_plan import FaissPlan
from index.vector_stores.ports import ReportProgress, no_progress
from index.vector_stores.row_file import RowFile, RowWriter

ROWS_FILE = "vectors.f16"
CODES_FILE = "vectors.faiss"
_SEED = 20_260


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
        if self._plan.codes:
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
        """Give the file back; the rows stay for the next attempt."""
        self._rows.close()


def _filled(rows: RowFile, plan: FaissPlan, progress: ReportProgress) -> Any:
    index: Any = faiss.index_factory(rows.dimension, plan.factory, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = _SEED
    index.cp.spherical = True
    index.nprobe = plan.probes
    if faiss.get_num_gpus() > 0:
        index.clustering_index = faiss.index_cpu_to_all_gpus(faiss.IndexFlatIP(rows.dimension))
    progress("训练向量索引", 0, plan.sample)
    index.train(_sample(rows, plan.sample))
    progress("训练向量索引", plan.sample, plan.sample)
    index.clustering_index = None
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
