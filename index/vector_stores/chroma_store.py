"""Vectors in Chroma inside this process: VECTOR_STORE=chroma.

A database below the index for each segment, in the space of inner products, without telemetry and without an
embedding function (Chroma's own would fetch a model). https://docs.trychroma.com/
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import IndexCorruptError, SettingsError
from core.ports import Vectors
from index.vector_stores.block_builder import BlockBuilder
from index.vector_stores.checks import best_first, checked
from index.vector_stores.database_folder import (
    DatabaseFolder,
    check_by_searching,
    damage_named,
    write_failure_named,
)
from index.vector_stores.ports import Found, Place, Precision, ReportProgress

HNSW_LINKS, HNSW_BUILD_WIDTH, HNSW_SEARCH_WIDTH = 16, 128, 128
_COLLECTION = "vectors"


class ChromaStores:
    """Chroma embedded: a database below the index for each segment."""

    kind = "chroma"
    file_names = ()

    def __init__(self) -> None:
        _library()

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> BlockBuilder:
        """Begin, or go on with, the vectors of a segment."""
        folder = DatabaseFolder(self.kind, place)
        return BlockBuilder(_ChromaTarget(folder, dimension, total, content), dimension, total)

    def open(self, place: Place, *, dimension: int, total: int) -> ChromaStore:
        """Open finished vectors."""
        folder = DatabaseFolder(self.kind, place)
        folder.check(dimension=dimension, total=total)
        store = ChromaStore(folder.data, dimension, total)
        check_by_searching(store, folder.path)
        return store

    def delete(self, place: Place) -> None:
        """Remove the database; whoever has it open keeps it until it is closed."""
        DatabaseFolder(self.kind, place).remove()


class ChromaStore:
    """A finished database, opened for searching; safe to use from several threads."""

    precision: Precision = "float32"

    def __init__(self, data: Path, dimension: int, total: int) -> None:
        self._data = data
        self._dimension = dimension
        self._total = total
        with damage_named(data):
            client = _client(data)
        self.close = weakref.finalize(self, client.close)
        """Give back files; otherwise that happens with the last reference."""
        with damage_named(data):
            self._collection = client.get_collection(_COLLECTION, embedding_function=None)
            count = self._collection.count()
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
        """The nearest rows by Chroma's HNSW graph."""
        return self.search_batch(vector[np.newaxis, :], limit)[0]

    def search_batch(self, vectors: Vectors, limit: int) -> list[Found]:
        """`search` for each row of `vectors`."""
        queries = checked(vectors, self._dimension)
        limit = min(limit, self._total)
        if limit <= 0 or not len(queries):
            return [[] for _ in queries]
        with damage_named(self._data):
            found = self._collection.query(query_embeddings=queries, n_results=limit, include=["distances"])
        return [
            best_first(map(int, rows), (1 - distance for distance in distances), limit)
            for rows, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def vectors(self, start: int, stop: int) -> Vectors:
        """The stored rows."""
        rows = range(max(start, 0), min(stop, self._total))
        if not rows:
            return np.empty((0, self._dimension), dtype=np.float32)
        with damage_named(self._data):
            records = self._collection.get(ids=[str(row) for row in rows], include=["embeddings"])
        found = dict(zip(map(int, records["ids"]), records["embeddings"], strict=True))
        if len(found) != len(rows):
            raise IndexCorruptError(f"{self._data}: rows are missing")
        return np.array([found[row] for row in rows], dtype=np.float32)

    def describe(self) -> str:
        """What is compared with what."""
        return "chroma embedded, HNSW"


class _ChromaTarget:
    """A database that is being built."""

    def __init__(self, folder: DatabaseFolder, dimension: int, total: int, content: str) -> None:
        self._folder = folder
        self._total = total
        folder.begin(dimension=dimension, content=content)
        self.is_finished = folder.is_finished
        try:
            with damage_named(folder.data):
                self._client, self._collection = _opened_for_writing(folder.data)
        except IndexCorruptError:  # killed within a write: begin again
            folder.remove()
            folder.begin(dimension=dimension, content=content)
            self.is_finished = False
            self._client, self._collection = _opened_for_writing(folder.data)

    def kept(self) -> int:
        """Rows that the database counts."""
        return int(self._collection.count())

    def write(self, start: int, block: Vectors) -> None:
        """Keep rows; each write is a transaction."""
        ids = [str(row) for row in range(start, start + len(block))]
        with write_failure_named(self._folder.path):
            self._collection.upsert(ids=ids, embeddings=block)

    def finish(self, progress: ReportProgress) -> None:
        """The graph grew with the rows: close it and note its files."""
        self._client.close()
        self._folder.finish(self._total)
        self.is_finished = True
        progress("建立向量图", self._total, self._total)

    def close(self) -> None:
        """Give back files."""
        self._client.close()


def _client(data: Path) -> Any:
    chroma = _library()
    return chroma.PersistentClient(
        str(data), settings=chroma.Settings(_env_file=None, anonymized_telemetry=False)
    )


def _opened_for_writing(data: Path) -> tuple[Any, Any]:
    client = _client(data)
    space = {
        "space": "ip",
        "ef_construction": HNSW_BUILD_WIDTH,
        "max_neighbors": HNSW_LINKS,
        "ef_search": HNSW_SEARCH_WIDTH,
    }
    try:
        return client, client.get_or_create_collection(
            _COLLECTION, embedding_function=None, configuration={"hnsw": space}
        )
    except BaseException:
        client.close()
        raise


def _library() -> Any:
    try:
        import chromadb
    except ImportError as exc:
        raise SettingsError("VECTOR_STORE", "chroma needs: pip install -r requirements-stores.txt") from exc
    return chromadb
