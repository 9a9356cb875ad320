"""What every vector store does alike: FAISS, Chroma, Qdrant embedded and on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexCorruptError, IndexMismatchError, RecipeIndexError, VectorStoreUnavailableError
from index.vector_stores.block_builder import BLOCK_ROWS
from index.vector_stores.chroma_store import ChromaStores
from index.vector_stores.faiss_store import FaissVectorStores
from index.vector_stores.ports import Place, VectorStore, VectorStores
from index.vector_stores.qdrant_connection import QdrantServer
from index.vector_stores.qdrant_edge_store import QdrantEdgeStores
from index.vector_stores.qdrant_store import QdrantStores
from tests.fakes.qdrant_server import QdrantServer as FakeQdrantServer
from tests.index.vector_stores.vectors import DIMENSION, fill, unit_vectors

COUNT = 600

WITH_STORES = [
    pytest.mark.stores,
    pytest.mark.skipif(
        not (find_spec("chromadb") and find_spec("qdrant_edge")),
        reason="requirements-stores.txt is not installed",
    ),
]
KINDS: dict[str, Callable[[str], VectorStores]] = {
    "faiss": lambda _: FaissVectorStores(),
    "chroma": lambda _: ChromaStores(),
    "qdrant embedded": lambda _: QdrantEdgeStores(),
    "qdrant server": lambda url: QdrantStores(QdrantServer(url, "key"), sleep=lambda _: None),
}


VECTORS = unit_vectors(COUNT)


@pytest.fixture(
    params=["faiss", *(pytest.param(kind, marks=WITH_STORES) for kind in KINDS if kind != "faiss")]
)
def stores(request: pytest.FixtureRequest) -> Iterator[VectorStores]:
    with FakeQdrantServer("key").running() as server:
        yield KINDS[request.param](server.url)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "segment-1"
    folder.mkdir()
    return Place(tmp_path, "an-index", "segment-1", folder)


@pytest.fixture
def store(stores: VectorStores, place: Place) -> VectorStore:
    fill(stores, place, VECTORS)
    return stores.open(place, dimension=DIMENSION, total=COUNT)


class TestSearch:
    def test_the_nearest_are_those_of_comparing_all(self, store: VectorStore) -> None:
        queries = unit_vectors(20, seed=2)
        for query, found in zip(queries, store.search_batch(queries, 10), strict=True):
            cosines = VECTORS @ query
            best = -np.sort(-cosines)[:10]
            np.testing.assert_allclose([cosine for _, cosine in found], best, atol=5e-4)
            np.testing.assert_allclose(cosines[[row for row, _ in found]], best, atol=5e-4)
            assert len(set(found)) == 10
            assert store.search(query, 10) == found

    def test_knows_its_size(self, store: VectorStore) -> None:
        assert (len(store), store.dimension) == (COUNT, DIMENSION)
        assert store.describe()

    def test_more_than_there_are_gives_all(self, store: VectorStore) -> None:
        assert sorted(row for row, _ in store.search(VECTORS[0], COUNT + 5)) == list(range(COUNT))

    @pytest.mark.parametrize("limit", [0, -1])
    def test_none_asked_for_gives_none(self, store: VectorStore, limit: int) -> None:
        assert store.search(VECTORS[0], limit) == []

    def test_equal_vectors_are_all_found_in_the_order_of_rows(
        self, stores: VectorStores, place: Place
    ) -> None:
        fill(stores, place, np.repeat(VECTORS[:4], 3, axis=0))
        store = stores.open(place, dimension=DIMENSION, total=12)
        assert [row for row, _ in store.search(VECTORS[2], 3)] == [6, 7, 8]

    def test_an_empty_segment_finds_nothing(self, stores: VectorStores, place: Place) -> None:
        fill(stores, place, VECTORS[:0])
        store = stores.open(place, dimension=DIMENSION, total=0)
        assert (len(store), store.search(VECTORS[0], 5)) == (0, [])

    def test_a_vector_of_another_length_is_refused(self, store: VectorStore) -> None:
        with pytest.raises(IndexMismatchError):
            store.search(unit_vectors(1, DIMENSION + 1)[0], 5)

    @pytest.mark.parametrize("number", [np.nan, np.inf, 0.0])
    def test_what_is_no_direction_is_refused(self, store: VectorStore, number: float) -> None:
        with pytest.raises(RecipeIndexError):
            store.search(np.full(DIMENSION, number, dtype=np.float32), 5)

    def test_several_threads_find_the_same(self, store: VectorStore) -> None:
        queries = unit_vectors(40, seed=4)
        alone = [store.search(query, 5) for query in queries]
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda query: store.search(query, 5), queries)) == alone


class TestVectors:
    def test_gives_back_what_was_stored(self, store: VectorStore) -> None:
        np.testing.assert_allclose(store.vectors(10, 30), VECTORS[10:30], atol=5e-4)
        assert store.vectors(COUNT - 1, COUNT + 7).shape == (1, DIMENSION)
        assert store.vectors(3, 3).shape == (0, DIMENSION)


class TestBuilding:
    def test_goes_on_where_a_killed_build_stopped(self, stores: VectorStores, place: Place) -> None:
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder:
            builder.append(VECTORS[:400])
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder:
            assert 400 - BLOCK_ROWS < builder.done <= 400
            builder.append(VECTORS[builder.done :])
            builder.finish()
        store = stores.open(place, dimension=DIMENSION, total=COUNT)
        np.testing.assert_allclose(store.vectors(0, COUNT), VECTORS, atol=5e-4)

    def test_rows_of_another_content_are_dropped(self, stores: VectorStores, place: Place) -> None:
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="one") as builder:
            builder.append(VECTORS[:64])
        fill(stores, place, VECTORS[:5], content="other")
        assert len(stores.open(place, dimension=DIMENSION, total=5)) == 5

    def test_a_finished_store_stays_for_the_same_content(self, stores: VectorStores, place: Place) -> None:
        fill(stores, place, VECTORS)
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder:
            assert builder.done == COUNT
            builder.finish()
        assert len(stores.open(place, dimension=DIMENSION, total=COUNT)) == COUNT

    def test_an_unfinished_store_is_not_searched(self, stores: VectorStores, place: Place) -> None:
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder:
            builder.append(VECTORS)
        with pytest.raises(IndexCorruptError):
            stores.open(place, dimension=DIMENSION, total=COUNT)

    def test_does_not_finish_with_rows_missing(self, stores: VectorStores, place: Place) -> None:
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder:
            builder.append(VECTORS[:-1])
            with pytest.raises(RecipeIndexError):
                builder.finish()

    def test_takes_no_more_than_announced(self, stores: VectorStores, place: Place) -> None:
        with (
            stores.builder(place, dimension=DIMENSION, total=3, content="digest") as builder,
            pytest.raises(RecipeIndexError),
        ):
            builder.append(VECTORS[:4])

    def test_names_the_row_that_is_no_direction(self, stores: VectorStores, place: Place) -> None:
        bad = VECTORS[:8].copy()
        bad[3, 2] = np.nan
        with stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder:
            builder.append(VECTORS[:8])
            with pytest.raises(RecipeIndexError, match="11"):
                builder.append(bad)
            assert builder.done == 8

    def test_vectors_of_another_length_are_refused(self, stores: VectorStores, place: Place) -> None:
        with (
            stores.builder(place, dimension=DIMENSION, total=COUNT, content="digest") as builder,
            pytest.raises(IndexMismatchError),
        ):
            builder.append(unit_vectors(2, DIMENSION + 1))


class TestOpening:
    def test_nothing_there_is_named(self, stores: VectorStores, place: Place) -> None:
        with pytest.raises(IndexCorruptError):
            stores.open(place, dimension=DIMENSION, total=COUNT)

    def test_another_number_than_the_manifest_says_is_damage(
        self, stores: VectorStores, place: Place
    ) -> None:
        fill(stores, place, VECTORS)
        with pytest.raises(IndexCorruptError):
            stores.open(place, dimension=DIMENSION, total=COUNT + 1)

    def test_another_dimension_than_the_manifest_says_is_damage(
        self, stores: VectorStores, place: Place
    ) -> None:
        fill(stores, place, VECTORS)
        with pytest.raises(IndexCorruptError):
            stores.open(place, dimension=DIMENSION * 2, total=COUNT)

    def test_whoever_has_it_open_searches_on_after_it_is_deleted(
        self, stores: VectorStores, store: VectorStore, place: Place
    ) -> None:
        stores.delete(place)
        try:
            found = store.search(VECTORS[9], 1)
        except VectorStoreUnavailableError:  # a server keeps nothing for anybody; search does without
            assert stores.kind == "qdrant-server"
        else:
            assert found[0][0] == 9

    def test_deleting_twice_is_no_error(self, stores: VectorStores, place: Place) -> None:
        fill(stores, place, VECTORS)
        stores.delete(place)
        stores.delete(place)
