"""Embedded databases whose files are missing, cut short or overwritten."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from core.errors import IndexCorruptError
from index.vector_stores.chroma_store import ChromaStores
from index.vector_stores.ports import Place, VectorStores
from index.vector_stores.qdrant_edge_store import QdrantEdgeStores
from tests.index.vector_stores.vectors import DIMENSION, fill, unit_vectors

pytestmark = [
    pytest.mark.stores,
    pytest.mark.skipif(
        not (find_spec("chromadb") and find_spec("qdrant_edge")),
        reason="requirements-stores.txt is not installed",
    ),
]
COUNT = 1_500
VECTORS = unit_vectors(COUNT)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "an-index", "segment-1", tmp_path / "segment-1")


@pytest.fixture(params=["chroma", "qdrant-embedded"])
def stores(request: pytest.FixtureRequest, place: Place) -> VectorStores:
    stores: VectorStores = ChromaStores() if request.param == "chroma" else QdrantEdgeStores()
    fill(stores, place, VECTORS)
    return stores


@pytest.mark.parametrize("damage", ["gone", "cut", "overwritten"])
def test_a_damaged_file_is_named(stores: VectorStores, place: Place, damage: str) -> None:
    found = [path for path in (place.index_dir / f"vectors-{stores.kind}").rglob("*") if path.is_file()]
    path = max(
        (path for path in found if path.suffix in {".sqlite3", ".dat"} and "payload" not in str(path)),
        key=lambda path: path.stat().st_size,
    )
    size = path.stat().st_size
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[: size // 2])
    else:
        path.write_bytes(b"\x7f" * size)
    with pytest.raises(IndexCorruptError):
        stores.open(place, dimension=DIMENSION, total=COUNT)


def test_a_damaged_note_is_damage(stores: VectorStores, place: Place) -> None:
    note = place.index_dir / f"vectors-{stores.kind}" / place.collection / "note.json"
    note.write_text("{", encoding="utf-8")
    with pytest.raises(IndexCorruptError):
        stores.open(place, dimension=DIMENSION, total=COUNT)


def test_the_last_segment_s_database_leaves_nothing(stores: VectorStores, place: Place) -> None:
    stores.delete(place)
    assert list(place.index_dir.glob("vectors-*")) == []
