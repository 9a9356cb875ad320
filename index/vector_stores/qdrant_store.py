"""Vectors on a Qdrant server or cluster: VECTOR_STORE=qdrant with QDRANT_URL.

Rows go into a collection that is named after the segment and the content; only when it is whole and indexed
does the alias that searches use point to it. So a search never meets half a collection, and a build that was
killed finds its own. https://api.qdrant.tech/
"""

from __future__ import annotations

import hashlib
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from core.errors import IndexCorruptError, SettingsError, VectorStoreUnavailableError
from core.ports import Vectors
from index.vector_stores.block_builder import BlockBuilder
from index.vector_stores.checks import best_first, checked, checked_query
from index.vector_stores.ports import Found, Place, Precision, ReportProgress
from index.vector_stores.qdrant_connection import QdrantConnection, QdrantServer

HNSW_LINKS, HNSW_BUILD_WIDTH, HNSW_SEARCH_WIDTH = 16, 128, 128
_INDEXED_FROM_KILOBYTES = 10_000
_POLL_SECONDS = 2.0
_STALLED_SECONDS = 1_800.0
"""How long the server may work on the graph without a row more in it."""


class QdrantStores:
    """A Qdrant server: a collection for each segment."""

    kind = "qdrant-server"
    file_names = ()

    def __init__(self, server: QdrantServer, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._server = server
        self._sleep = sleep

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> BlockBuilder:
        """Begin, or go on with, the vectors of a segment."""
        connection = QdrantConnection(self._server, sleep=self._sleep)
        try:
            target = _Collection(connection, self._server, place, dimension, total, content, self._sleep)
        except BaseException:
            connection.close()
            raise
        return BlockBuilder(target, dimension, total)

    def open(self, place: Place, *, dimension: int, total: int) -> QdrantStore:
        """Open finished vectors.

        A server that is down is no reason not to open: the searches say so until it is back.
        """
        connection = QdrantConnection(self._server, sleep=self._sleep)
        store = QdrantStore(connection, place.collection, dimension, total)
        try:
            store.check()
        except VectorStoreUnavailableError:
            pass
        except BaseException:
            store.close()
            raise
        return store

    def delete(self, place: Place) -> None:
        """Remove the segment's collections, finished or not."""
        connection = QdrantConnection(self._server, sleep=self._sleep)
        try:
            _drop_collections(connection, place.collection)
        finally:
            connection.close()


class QdrantStore:
    """A finished collection; safe to use from several threads."""

    precision: Precision = "float32"

    def __init__(self, connection: QdrantConnection, alias: str, dimension: int, total: int) -> None:
        self._connection = connection
        self._alias = alias
        self._dimension = dimension
        self._total = total
        self._is_checked = False
        self.close = weakref.finalize(self, connection.close)
        """Give connections back; otherwise that happens with the last reference."""

    def check(self) -> None:
        """Hold the collection against what the manifest says; once is enough.

        Raises:
            IndexCorruptError: it is not there, or has another size.
            VectorStoreUnavailableError: the server does not answer.
        """
        if self._is_checked:
            return
        found = self._connection.at_once(lambda client: client.get_collection(self._alias))
        dimension = found.config.params.vectors.size
        count = self._connection.at_once(lambda client: client.count(self._alias, exact=True)).count
        if (dimension, count) != (self._dimension, self._total):
            raise IndexCorruptError(
                f"collection {self._alias}: {count} vectors of dimension {dimension}, "
                f"not {self._total} of {self._dimension}"
            )
        self._is_checked = True

    def __len__(self) -> int:
        return self._total

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def search(self, vector: Vectors, limit: int) -> Found:
        """The nearest rows by the server's HNSW graph."""
        return self._search(checked_query(vector, self._dimension), limit)[0]

    def search_batch(self, vectors: Vectors, limit: int) -> list[Found]:
        """`search` for each row of `vectors`, in one call."""
        return self._search(checked(vectors, self._dimension), limit)

    def vectors(self, start: int, stop: int) -> Vectors:
        """The stored rows."""
        rows = range(max(start, 0), min(stop, self._total))
        if not rows:
            return np.empty((0, self._dimension), dtype=np.float32)
        self.check()
        records = self._connection.patiently(
            lambda client: client.retrieve(self._alias, list(rows), with_payload=False, with_vectors=True)
        )
        found = {record.id: record.vector for record in records}
        if len(found) != len(rows):
            raise IndexCorruptError(f"collection {self._alias}: rows are missing")
        return np.array([found[row] for row in rows], dtype=np.float32)

    def describe(self) -> str:
        """What is compared with what."""
        return "qdrant server, HNSW"

    def _search(self, queries: Vectors, limit: int) -> list[Found]:
        limit = min(limit, self._total)
        if limit <= 0 or not len(queries):
            return [[] for _ in queries]
        try:
            self.check()
            return self._ask(queries, limit)
        except (IndexCorruptError, SettingsError) as exc:
            # The collection of a replaced segment is gone at once, even if searches are under way.
            raise VectorStoreUnavailableError(exc.message) from exc

    def _ask(self, queries: Vectors, limit: int) -> list[Found]:
        from qdrant_client import models

        params = models.SearchParams(hnsw_ef=max(HNSW_SEARCH_WIDTH, 2 * limit))
        requests = [
            models.QueryRequest(query=query.tolist(), limit=limit, params=params, with_payload=False)
            for query in queries
        ]
        answers = self._connection.at_once(
            lambda client: client.query_batch_points(self._alias, requests=requests)
        )
        return [
            best_first([point.id for point in answer.points], [p.score for p in answer.points], limit)
            for answer in answers
        ]


class _Collection:
    """A collection that is being filled."""

    def __init__(
        self,
        connection: QdrantConnection,
        server: QdrantServer,
        place: Place,
        dimension: int,
        total: int,
        content: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._connection = connection
        self._sleep = sleep
        self._total = total
        self._alias = place.collection
        digest = hashlib.sha256(f"{content}\n{dimension}".encode()).hexdigest()[:12]
        self._name = f"{self._alias}--{digest}"
        _drop_collections(connection, self._alias, keep=self._name)
        if not connection.patiently(lambda client: client.collection_exists(self._name)):
            connection.patiently(lambda client: self._create(client, server, dimension))
        self.is_finished = self._alias in self._aliases()

    def kept(self) -> int:
        """Rows that the server counts."""
        return int(self._connection.patiently(lambda client: client.count(self._name, exact=True)).count)

    def write(self, start: int, block: Vectors) -> None:
        """Keep rows; the server has them in its log when this returns."""
        from qdrant_client import models

        batch = models.Batch(ids=list(range(start, start + len(block))), vectors=block.tolist())
        self._connection.patiently(lambda client: client.upsert(self._name, points=batch, wait=True))

    def finish(self, progress: ReportProgress) -> None:
        """Have the graph built, wait for it, and let searches in."""
        from qdrant_client import models

        indexed = models.OptimizersConfigDiff(indexing_threshold=_INDEXED_FROM_KILOBYTES)
        self._connection.patiently(
            lambda client: client.update_collection(self._name, optimizers_config=indexed)
        )
        self._wait_for_graph(progress)
        create = models.CreateAlias(collection_name=self._name, alias_name=self._alias)
        self._connection.patiently(
            lambda client: client.update_collection_aliases(
                [models.CreateAliasOperation(create_alias=create)]
            )
        )
        self.is_finished = True

    def close(self) -> None:
        """Give connections back."""
        self._connection.close()

    def _aliases(self) -> set[str]:
        found = self._connection.patiently(lambda client: client.get_collection_aliases(self._name))
        return {alias.alias_name for alias in found.aliases}

    def _create(self, client: Any, server: QdrantServer, dimension: int) -> None:
        from qdrant_client import models

        client.create_collection(
            self._name,
            vectors_config=models.VectorParams(size=dimension, distance=models.Distance.DOT, on_disk=True),
            hnsw_config=models.HnswConfigDiff(m=HNSW_LINKS, ef_construct=HNSW_BUILD_WIDTH),
            quantization_config=models.ScalarQuantization(
                scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
            ),
            optimizers_config=models.OptimizersConfigDiff(indexing_threshold=0),  # all at once, in `finish`
            shard_number=server.shards or None,
            replication_factor=server.replicas or None,
        )

    def _wait_for_graph(self, progress: ReportProgress) -> None:
        """Until the server says that its optimizers are done.

        Raises:
            VectorStoreUnavailableError: they failed, or make no headway.
        """
        indexed, waited = -1, 0.0
        while True:
            info = self._connection.patiently(lambda client: client.get_collection(self._name))
            done = min(info.indexed_vectors_count or 0, self._total)
            progress("建立向量图", done, self._total)
            if info.status == "green":
                return
            if info.status == "red":
                raise VectorStoreUnavailableError(f"collection {self._name}: the server's optimizer failed")
            waited = 0.0 if done > indexed else waited + _POLL_SECONDS
            indexed = max(indexed, done)
            if waited > _STALLED_SECONDS:
                raise VectorStoreUnavailableError(f"collection {self._name}: the server stopped building")
            self._sleep(_POLL_SECONDS)


def _drop_collections(connection: QdrantConnection, alias: str, keep: str = "") -> None:
    """Delete the collections of a segment, whatever their content, but for `keep`."""
    found = connection.patiently(lambda client: client.get_collections()).collections
    for collection in found:
        if collection.name.startswith(f"{alias}--") and collection.name != keep:
            connection.patiently(partial(_delete, collection.name))


def _delete(name: str, client: Any) -> None:
    client.delete_collection(name)
