"""A build that is killed at any moment: the next one goes on, and nothing half-built is ever searched."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexCorruptError
from index.vector_stores.ports import Place, VectorStores
from tests.index.vector_stores.vectors import DIMENSION, unit_vectors

TOTAL = 30_000
"""More than FAISS compares one by one at this dimension, and more than one flush of Qdrant's engine."""

WITH_STORES = [
    pytest.mark.stores,
    pytest.mark.skipif(
        not (find_spec("chromadb") and find_spec("qdrant_edge")),
        reason="requirements-stores.txt is not installed",
    ),
]


def stores_of(kind: str) -> VectorStores:
    """The kind, with so little memory for FAISS that it compresses."""
    from index.vector_stores.chroma_store import ChromaStores
    from index.vector_stores.faiss_store import FaissVectorStores
    from index.vector_stores.qdrant_edge_store import QdrantEdgeStores

    if kind == "faiss":
        return FaissVectorStores(exact_numbers=1000)
    return ChromaStores() if kind == "chroma" else QdrantEdgeStores()


def place_in(folder: Path) -> Place:
    """The only segment of an index in `folder`."""
    segment = folder / "segment-1"
    segment.mkdir(exist_ok=True)
    return Place(folder, "an-index", "segment-1", segment)


def total_of(kind: str) -> int:
    """Chroma links each row as it comes, which takes its time."""
    return 3_000 if kind == "chroma" else TOTAL


def build(kind: str, folder: Path, *, tells: bool) -> None:
    """Build, and say on standard output what comes next."""
    vectors = unit_vectors(total_of(kind))
    step = len(vectors) // 10
    with stores_of(kind).builder(
        place_in(folder), dimension=DIMENSION, total=len(vectors), content="digest"
    ) as builder:
        for start in range(builder.done, len(vectors), step):
            if tells:
                print(f"append {start}", flush=True)
            builder.append(vectors[start : start + step])
        if tells:
            print("finish", flush=True)
        builder.finish()
    if tells:
        print("finished", flush=True)


def kill_when_told(kind: str, folder: Path, line: str) -> None:
    """Start a build in another process and kill it as soon as it says `line`."""
    code = f"""
from pathlib import Path
from tests.index.vector_stores.test_kill import build
build({kind!r}, Path({str(folder)!r}), tells=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for said in process.stdout:
            if said.strip() == line:
                break
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("faiss", marks=pytest.mark.load),
        *(pytest.param(kind, marks=WITH_STORES) for kind in ("chroma", "qdrant-embedded")),
    ],
)
def test_a_build_killed_three_times_comes_to_the_same(kind: str, tmp_path: Path) -> None:
    total = total_of(kind)
    vectors = unit_vectors(total)
    stores, place = stores_of(kind), place_in(tmp_path)
    for line in (f"append {total // 2}", "finish"):
        kill_when_told(kind, tmp_path, line)
        with pytest.raises(IndexCorruptError):
            stores.open(place, dimension=DIMENSION, total=total)
        with stores.builder(place, dimension=DIMENSION, total=total, content="digest") as builder:
            assert builder.done > total // 3
    build(kind, tmp_path, tells=False)
    store = stores.open(place, dimension=DIMENSION, total=total)
    np.testing.assert_allclose(store.vectors(0, total), vectors, atol=5e-4)
    assert [store.search(vectors[row], 1)[0][0] for row in range(0, total, 500)] == list(range(0, total, 500))
    store.close()
