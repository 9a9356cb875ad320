"""How FAISS compresses by number, dimension and memory, and that it still finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexCorruptError
from core.ports import Vectors
from index.vector_stores.faiss_plan import plan_for
from index.vector_stores.faiss_store import FaissVectorStore, FaissVectorStores
from index.vector_stores.ports import Place
from tests.index.vector_stores.vectors import fill, unit_vectors

TOTAL, DIMENSION = 6_000, 16
EXACT, SQ8, SQ4, PQ = (10**9, 700.0), (1000, 700.0), (1000, 0.05), (1000, 0.01)


@pytest.mark.parametrize(
    ("total", "dimension", "megabytes", "factory"),
    [
        (1_520_000, 384, 700, "IVF4096,SQ8"),
        (1_520_000, 768, 700, "IVF4096,SQ4"),
        (1_520_000, 768, 2000, "IVF4096,SQ8"),
        (15_200_000, 384, 700, "IVF16384,PQ192x4fs"),
        (15_200_000, 383, 700, "IVF16384,SQ4"),
        (60_000, 384, 700, "IVF1024,SQ8"),
    ],
)
def test_the_more_numbers_the_smaller_their_codes(
    total: int, dimension: int, megabytes: float, factory: str
) -> None:
    assert plan_for(total, dimension, megabytes).factory == factory


@pytest.mark.parametrize(("total", "dimension"), [(0, 384), (52_000, 384), (26_000, 768)])
def test_few_vectors_are_all_compared(total: int, dimension: int) -> None:
    assert plan_for(total, dimension).codes == ""


def place_in(folder: Path) -> Place:
    return Place(folder, "an-index", folder.name, folder)


def clustered() -> Vectors:
    """Neighbourhoods, as names that are alike have: float32 [TOTAL, DIMENSION]."""
    noise = unit_vectors(TOTAL, DIMENSION, seed=3)
    vectors = np.repeat(unit_vectors(TOTAL // 20, DIMENSION), 20, axis=0) + 0.3 * noise
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


VECTORS = clustered()


def opened(folder: Path, numbers: int, megabytes: float) -> FaissVectorStore:
    stores = FaissVectorStores(megabytes, exact_numbers=numbers)
    fill(stores, place_in(folder), VECTORS)
    return stores.open(place_in(folder), dimension=DIMENSION, total=TOTAL)


@pytest.mark.parametrize(
    ("setup", "kind", "recall"),
    [(EXACT, "all", 1.0), (SQ8, "ScalarQ", 0.97), (SQ4, "ScalarQ", 0.97), (PQ, "FastScan", 0.95)],
)
def test_compressed_vectors_are_found_as_by_comparing_all(
    tmp_path: Path, setup: tuple[int, float], kind: str, recall: float
) -> None:
    store = opened(tmp_path, *setup)
    queries = VECTORS[::60]
    found = [{row for row, _ in rows} for rows in store.search_batch(queries, 10)]
    exact = np.argsort(-(queries @ VECTORS.T), axis=1)[:, :10]
    shares = [len(rows.intersection(best)) / 10 for rows, best in zip(found, exact.tolist(), strict=True)]
    assert kind in store.describe()
    assert np.mean(shares) >= recall
    (row, cosine), *_ = store.search(VECTORS[7], 1)
    assert row == 7
    assert cosine == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("setup", [SQ8, SQ4, PQ])
def test_the_same_rows_give_the_same_file(tmp_path: Path, setup: tuple[int, float]) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        opened(tmp_path / name, *setup)
    one, two = (tmp_path / name / "vectors.faiss" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", ["vectors.f16", "vectors.faiss", "vectors.f16.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "emptied"])
def test_damaged_files_are_named(tmp_path: Path, name: str, damage: str) -> None:
    opened(tmp_path, *SQ8)
    path = tmp_path / name
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    if damage == "gone":
        path.unlink()
    if (name, damage) == ("vectors.faiss", "gone"):  # the manifest lists it; without it all are compared
        return
    stores = FaissVectorStores()
    with pytest.raises(IndexCorruptError):
        stores.open(place_in(tmp_path), dimension=DIMENSION, total=TOTAL)


@pytest.mark.parametrize("setup", [EXACT, SQ8])
def test_rows_that_are_no_vectors_are_damage(tmp_path: Path, setup: tuple[int, float]) -> None:
    opened(tmp_path, *setup)
    (tmp_path / "vectors.f16").write_bytes(b"\xff" * (TOTAL * DIMENSION * 2))
    stores = FaissVectorStores()
    with pytest.raises(IndexCorruptError):
        stores.open(place_in(tmp_path), dimension=DIMENSION, total=TOTAL).search(VECTORS[0], 5)
