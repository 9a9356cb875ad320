"""A Qdrant server that is down, busy, strict, or half-filled."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.errors import IndexCorruptError, SettingsError, VectorStoreUnavailableError
from index.vector_stores.ports import Place
from index.vector_stores.qdrant_connection import QdrantServer
from index.vector_stores.qdrant_store import QdrantStores
from tests.fakes.qdrant_server import QdrantServer as FakeQdrantServer
from tests.fakes.qdrant_server import RefusedError
from tests.index.vector_stores.vectors import DIMENSION, fill, unit_vectors

pytestmark = [
    pytest.mark.stores,
    pytest.mark.skipif(not find_spec("qdrant_client"), reason="requirements-stores.txt is not installed"),
]
VECTORS = unit_vectors(300)


@pytest.fixture
def server() -> Iterator[FakeQdrantServer]:
    with FakeQdrantServer().running() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def stores(server: FakeQdrantServer, pauses: list[float]) -> QdrantStores:
    return QdrantStores(QdrantServer(server.url, retries=3), sleep=pauses.append)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "an index/with … signs", "segment-1", tmp_path / "segment-1")


class TestSearchWithoutServer:
    def test_says_so_and_asks_no_more_for_a_while(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place
    ) -> None:
        fill(stores, place, VECTORS)
        store = stores.open(place, dimension=DIMENSION, total=300)
        server.refusals = [RefusedError(503)]
        with pytest.raises(VectorStoreUnavailableError):
            store.search(VECTORS[0], 5)
        asked = len(server.calls)
        with pytest.raises(VectorStoreUnavailableError):
            store.search(VECTORS[0], 5)
        assert len(server.calls) == asked

    def test_nobody_listens(self, place: Place) -> None:
        with FakeQdrantServer().running() as gone:
            pass
        store = QdrantStores(QdrantServer(gone.url)).open(place, dimension=DIMENSION, total=300)
        with pytest.raises(VectorStoreUnavailableError) as failure:
            store.search(VECTORS[0], 5)
        assert failure.value.retryable

    def test_a_server_that_was_down_at_the_start_is_used_when_it_is_back(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("index.vector_stores.qdrant_connection.SHUNNED_SECONDS", 0.0)
        fill(stores, place, VECTORS)
        server.refusals = [RefusedError(503)]
        store = stores.open(place, dimension=DIMENSION, total=300)
        assert store.search(VECTORS[7], 1)[0][0] == 7

    def test_rubbish_is_no_answer(self, server: FakeQdrantServer, stores: QdrantStores, place: Place) -> None:
        fill(stores, place, VECTORS)
        store = stores.open(place, dimension=DIMENSION, total=300)
        server.refusals = [RefusedError(200, "nothing of what was asked for")]
        with pytest.raises(VectorStoreUnavailableError):
            store.search(VECTORS[0], 5)


class TestRefusals:
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wrong_key_names_the_setting(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place, status: int
    ) -> None:
        server.refusals = [RefusedError(status)]
        with pytest.raises(SettingsError, match="QDRANT_API_KEY"):
            stores.builder(place, dimension=DIMENSION, total=300, content="digest")

    def test_a_collection_that_is_gone_is_damage_but_no_reason_to_fail_a_search(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place
    ) -> None:
        fill(stores, place, VECTORS)
        store = stores.open(place, dimension=DIMENSION, total=300)
        stores.delete(place)
        assert server.collections == {}
        with pytest.raises(VectorStoreUnavailableError):
            store.search(VECTORS[0], 5)
        with pytest.raises(IndexCorruptError):
            stores.open(place, dimension=DIMENSION, total=300)


class TestBuilding:
    def test_goes_on_after_failures_that_pass(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place, pauses: list[float]
    ) -> None:
        with stores.builder(place, dimension=DIMENSION, total=300, content="digest") as builder:
            server.refusals = [RefusedError(503), RefusedError(429, headers={"Retry-After": "7"})]
            builder.append(VECTORS)
            builder.finish()
        assert len(pauses) == 3  # the third waits for the graph
        assert pauses[1] == 7
        assert len(stores.open(place, dimension=DIMENSION, total=300)) == 300

    def test_gives_up_when_they_do_not_pass_and_goes_on_later(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place, pauses: list[float]
    ) -> None:
        with stores.builder(place, dimension=DIMENSION, total=300, content="digest") as builder:
            builder.append(VECTORS)
            server.refusals = [RefusedError(503)] * 4
            with pytest.raises(VectorStoreUnavailableError):
                builder.finish()
        assert len(pauses) == 3
        with stores.builder(place, dimension=DIMENSION, total=300, content="digest") as builder:
            assert builder.done == 256

    def test_passes_shards_and_copies_on(self, server: FakeQdrantServer, place: Place) -> None:
        stores = QdrantStores(QdrantServer(server.url, shards=3, replicas=2))
        with stores.builder(place, dimension=DIMENSION, total=300, content="digest"):
            (collection,) = server.collections.values()
        assert (collection.config["shard_number"], collection.config["replication_factor"]) == (3, 2)

    def test_names_are_safe_and_a_half_built_collection_has_no_alias(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place
    ) -> None:
        with stores.builder(place, dimension=DIMENSION, total=300, content="digest") as builder:
            builder.append(VECTORS)
        (name,) = server.collections
        assert name.startswith("shishen-an-index-with-signs-segment-1--")
        assert server.aliases == {}

    def test_shows_how_far_the_graph_is(
        self, server: FakeQdrantServer, stores: QdrantStores, place: Place
    ) -> None:
        seen: list[tuple[str, int, int]] = []
        with stores.builder(place, dimension=DIMENSION, total=300, content="digest") as builder:
            builder.append(VECTORS)
            builder.finish(lambda *step: seen.append(step))
        assert seen == [("建立向量图", 150, 300), ("建立向量图", 300, 300)]
