"""Vectors in Qdrant's engine inside this process (qdrant-edge): the embedded mode of VECTOR_STORE=qdrant.

qdrant-client has a local mode, too, which compares all vectors one by one, pickles them into SQLite, warns
above 20,000 and lets one process at a time in (docs/decisions/0010-vector-stores.md).
https://qdrant.tech/documentation/edge/
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import IndexCorruptError, SettingsError
from core.ports import Vectors
from index.vector_stores.block_builder import BlockBuilder
from index.vector_stores.checks import best_first, checked, checked_query
from index.vector_stores.database_folder import (
    DatabaseFolder,
    check_by_searching,
    damage_named,
    write_failure_named,
)
from index.vector_stores.ports import Found, Place, Precision, ReportProgress

HNSW_LINKS, HNSW_BUILD_WIDTH, HNSW_SEARCH_WIDTH = 16, 128, 128
_COMPARED_ONE_BY_ONE_KILOBYTES = 10_000
_FLUSH_ROWS = 4_096


class QdrantEdgeStores:
    """Qdrant embedded: a database below the index for each segment."""

    kind = "qdrant-embedded"
    file_names = ()

    def __init__(self) -> None:
        _library()

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> BlockBuilder:
        """Begin, or go on with, the vectors of a segment."""
        folder = DatabaseFolder(self.kind, place)
        return BlockBuilder(_EdgeTarget(folder, dimension, total, content), dimension, total)

    def open(self, place: Place, *, dimension: int, total: int) -> QdrantEdgeStore:
        """Open finished vectors."""
        folder = DatabaseFolder(self.kind, place)
        folder.check(dimension=dimension, total=total)
        store = QdrantEdgeStore(folder.data, dimension, total)
        check_by_searching(store, folder.path)
        return store

    def delete(self, place: Place) -> None:
        """Remove the database; whoever has it open keeps it until it is closed."""
        DatabaseFolder(self.kind, place).remove()


class QdrantEdgeStore:
    """A finished database, opened for searching; safe to use from several threads."""

    precision: Precision = "float32"

    def __init__(self, data: Path, dimension: int, total: int) -> None:
        self._data = data
        self._dimension = dimension
        self._total = total
        self._edge = _library()
        with damage_named(data):
            self._shard = self._edge.EdgeShard.load(str(data))
            count = self._shard.info().points_count
        self.close = weakref.finalize(self, self._shard.close)
        """Give back files; otherwise that happens with the last reference."""
        if count != total:
            self.close()
            raise IndexCorruptError(f"{data}: holds {count} vectors, not {total}")

    def __len__(self) -> int:
        return self._total

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def search(self, vector: Vectors, limit: int) -> Found:
        """The nearest rows by Qdrant's HNSW graph."""
        return self._search(checked_query(vector, self._dimension), limit)

    def search_batch(self, vectors: Vectors, limit: int) -> list[Found]:
        """`search` for each row of `vectors`."""
        queries = checked(vectors, self._dimension)
        return [self._search(queries[row : row + 1], limit) for row in range(len(queries))]

    def vectors(self, start: int, stop: int) -> Vectors:
        """The stored rows."""
        rows = range(max(start, 0), min(stop, self._total))
        with damage_named(self._data):
            records = self._shard.retrieve(list(rows), with_payload=False, with_vector=True)
            found = {record.id: record.vector for record in records}
            vectors: Vectors = np.array([found[row] for row in rows], dtype=np.float32)
            return vectors.reshape(len(rows), self._dimension)

    def describe(self) -> str:
        """What is compared with what."""
        return "qdrant embedded, HNSW"

    def _search(self, query: Vectors, limit: int) -> Found:
        limit = min(limit, self._total)
        if limit <= 0:
            return []
        edge = self._edge
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(query[0].tolist()),
            params=edge.SearchParams(hnsw_ef=max(HNSW_SEARCH_WIDTH, 2 * limit)),
        )
        with damage_named(self._data):
            points = self._shard.query(request)
        return best_first([point.id for point in points], [point.score for point in points], limit)


class _EdgeTarget:
    """A database that is being built, without a log: what `flush` has not written is written again."""

    def __init__(self, folder: DatabaseFolder, dimension: int, total: int, content: str) -> None:
        self._folder = folder
        self._total = total
        edge = self._edge = _library()
        is_new = folder.begin(dimension=dimension, content=content)
        self.is_finished = folder.is_finished
        if not is_new:
            try:
                with damage_named(folder.data):
                    self._shard = edge.EdgeShard.load(str(folder.data))
            except IndexCorruptError:  # killed within a write: begin again
                is_new, self.is_finished = True, False
                folder.remove()
                folder.begin(dimension=dimension, content=content)
        if is_new:
            self._shard = edge.EdgeShard.create(str(folder.data), _config(edge, dimension))

    def kept(self) -> int:
        """Rows that the database counts."""
        return int(self._shard.count(self._edge.CountRequest(exact=True)))

    def write(self, start: int, block: Vectors) -> None:
        """Keep rows; every few thousand they are written to the disk."""
        edge = self._edge
        points = [edge.Point(start + place, row.tolist(), None) for place, row in enumerate(block)]
        with write_failure_named(self._folder.path):
            self._shard.update(edge.UpdateOperation.upsert_points(points))
            if (start + len(block)) % _FLUSH_ROWS == 0:
                self._shard.flush()

    def finish(self, progress: ReportProgress) -> None:
        """Have the graph built, which takes most of the time and cannot say how far it is."""
        edge = self._edge
        progress("建立向量图", 0, self._total)
        with write_failure_named(self._folder.path):
            self._shard.flush()
            self._shard.optimize()
            self._shard.flush()
            self._shard.close()
            edge.EdgeShard.load(str(self._folder.data)).close()  # settles which files there are
        self._folder.finish(self._total)
        self.is_finished = True
        progress("建立向量图", self._total, self._total)

    def close(self) -> None:
        """Give back files."""
        self._shard.close()


def _config(edge: Any, dimension: int) -> Any:
    return edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Dot),
        hnsw_config=edge.HnswIndexConfig(
            m=HNSW_LINKS,
            ef_construct=HNSW_BUILD_WIDTH,
            full_scan_threshold=_COMPARED_ONE_BY_ONE_KILOBYTES,
        ),
        wal_enabled=False,
    )


def _library() -> Any:
    try:
        import qdrant_edge
    except ImportError as exc:
        raise SettingsError(
            "VECTOR_STORE", "qdrant without QDRANT_URL needs: pip install -r requirements-stores.txt"
        ) from exc
    return qdrant_edge
