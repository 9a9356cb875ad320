"""Moving an index's vectors from one store to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexCorruptError, IndexMismatchError
from core.ports import Vectors
from index.build import build_index
from index.manifest import Manifest
from index.vector_stores.faiss_build import FaissBuilder
from index.vector_stores.faiss_store import FaissVectorStore, FaissVectorStores
from index.vector_stores.migrate import move_vectors
from index.vector_stores.ports import Place
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl


class ElsewhereStores(FaissVectorStores):
    """A kind that keeps nothing in the segment's folder, as the databases do."""

    kind = "elsewhere"
    file_names = ()

    def builder(self, place: Place, *, dimension: int, total: int, content: str) -> FaissBuilder:
        _elsewhere(place).folder.mkdir(parents=True, exist_ok=True)
        return super().builder(_elsewhere(place), dimension=dimension, total=total, content=content)

    def open(self, place: Place, *, dimension: int, total: int) -> FaissVectorStore:
        return super().open(_elsewhere(place), dimension=dimension, total=total)

    def delete(self, place: Place) -> None:
        for path in _elsewhere(place).folder.glob("*"):
            path.unlink()


def _elsewhere(place: Place) -> Place:
    return replace(place, folder=place.index_dir / "elsewhere" / place.segment)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    names = ["番茄炒蛋", "红烧肉", "清蒸鲈鱼", "麻婆豆腐", "宫保鸡丁"]
    corpus = write_jsonl(tmp_path / "recipes.jsonl", [own_row(name) for name in names])
    build_index([corpus], tmp_path / "index", HashingEmbedder())
    return tmp_path / "index"


def vectors_in(index: Path, stores: FaissVectorStores) -> Vectors:
    manifest = Manifest.read(index)
    (entry,) = manifest.segments
    place = Place(index, manifest.index_id, entry.name, index / entry.name)
    store = stores.open(place, dimension=manifest.dimension, total=entry.forms)
    return store.vectors(0, entry.forms)


def test_there_and_back_gives_the_same_vectors(index: Path) -> None:
    before = vectors_in(index, FaissVectorStores())
    moved = move_vectors(index, FaissVectorStores(), ElsewhereStores())
    manifest = Manifest.read(index)
    manifest.check_files(index)
    assert (manifest.vector_store, moved.vectors, moved.precision) == ("elsewhere", len(before), "float16")
    assert list((index / manifest.segments[0].name).glob("vectors.*")) == []
    np.testing.assert_allclose(vectors_in(index, ElsewhereStores()), before, atol=5e-4)
    move_vectors(index, ElsewhereStores(), FaissVectorStores())
    Manifest.read(index).check_files(index)
    assert "vectors.f16" in Manifest.read(index).segments[0].files
    np.testing.assert_allclose(vectors_in(index, FaissVectorStores()), before, atol=5e-4)


def test_a_move_that_fails_leaves_the_old_store_and_goes_on_later(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Manifest.read(index)
    with monkeypatch.context() as patch:
        patch.setattr(FaissBuilder, "finish", _cannot_write)
        with pytest.raises(OSError, match="full"):
            move_vectors(index, FaissVectorStores(), ElsewhereStores())
    assert Manifest.read(index) == before
    before.check_files(index)
    seen: list[tuple[str, int, int]] = []
    move_vectors(index, FaissVectorStores(), ElsewhereStores(), progress=lambda *step: seen.append(step))
    assert seen == []  # all rows were there already
    assert Manifest.read(index).vector_store == "elsewhere"


def _cannot_write(*_: object) -> None:
    raise OSError("the disk is full")


def test_vectors_that_come_out_different_are_not_put_in_use(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ElsewhereStores.open

    def damaged(stores: ElsewhereStores, place: Place, *, dimension: int, total: int) -> FaissVectorStore:
        store = real(stores, place, dimension=dimension, total=total)
        monkeypatch.setattr(store, "vectors", lambda _start, _stop: np.zeros((1, dimension), np.float32))
        return store

    monkeypatch.setattr(ElsewhereStores, "open", damaged)
    with pytest.raises(IndexCorruptError, match="different"):
        move_vectors(index, FaissVectorStores(), ElsewhereStores())
    assert Manifest.read(index).vector_store == "faiss"


def test_computes_them_anew_when_asked(index: Path) -> None:
    before = vectors_in(index, FaissVectorStores())
    moved = move_vectors(index, FaissVectorStores(), ElsewhereStores(), embedder=HashingEmbedder())
    assert moved.precision == "float32"
    np.testing.assert_allclose(vectors_in(index, ElsewhereStores()), before, atol=5e-4)


def test_another_embedder_is_refused(index: Path) -> None:
    with pytest.raises(IndexMismatchError):
        move_vectors(index, FaissVectorStores(), ElsewhereStores(), embedder=HashingEmbedder(dimension=16))


def test_a_store_that_the_index_does_not_have_is_refused(index: Path) -> None:
    with pytest.raises(IndexMismatchError, match="faiss"):
        move_vectors(index, ElsewhereStores(), FaissVectorStores())


def test_moving_to_where_they_are_is_refused(index: Path) -> None:
    with pytest.raises(IndexMismatchError, match="already"):
        move_vectors(index, FaissVectorStores(), FaissVectorStores())


def test_an_index_without_vectors_has_nothing_to_move(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "recipes.jsonl", [own_row("红烧肉")])
    build_index([corpus], tmp_path / "index", None)
    with pytest.raises(IndexMismatchError, match="no vectors"):
        move_vectors(tmp_path / "index", FaissVectorStores(), ElsewhereStores())
