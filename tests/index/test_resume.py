"""A build that was killed goes on with the vectors that it had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from core.ports import Vectors
from index.build import COOKBOOK_DIR, build_index
from index.retriever import HybridRetriever
from tests.fakes.hashing_embedder import HashingEmbedder


class KilledEmbedder(HashingEmbedder):
    """Counts what it embeds, and is killed before a certain batch."""

    def __init__(self, killed_before: int = 10_000) -> None:
        super().__init__()
        self.killed_before = killed_before

    @property
    def embedded(self) -> int:
        return sum(map(len, self.batches))

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        if len(self.batches) == self.killed_before:
            raise KeyboardInterrupt
        return super().embed(texts, input_type=input_type)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def vectors_of(index: Path) -> bytes:
    return (index / "segment-1" / "vectors.f16").read_bytes()


def killed_build(out: Path, batches: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        build_index([COOKBOOK_DIR], out, KilledEmbedder(batches))
    assert names_in(out) == [".lock", "building"]
    assert names_in(out / "building") == ["segment", "state.json"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """An index that was built at once, and how many questions that took."""
    out, embedder = tmp_path_factory.mktemp("whole") / "index", KilledEmbedder()
    build_index([COOKBOOK_DIR], out, embedder)
    return out, embedder.embedded


@pytest.mark.parametrize("batches", [0, 1, 7])
def test_the_rest_is_embedded_and_nothing_else(batches: int, whole: tuple[Path, int], tmp_path: Path) -> None:
    out, questions = tmp_path / "index", whole[1]
    killed_build(out, batches)
    embedder = KilledEmbedder()
    build_index([COOKBOOK_DIR], out, embedder)
    assert embedder.embedded == questions - 32 * batches
    assert vectors_of(out) == vectors_of(whole[0])
    assert names_in(out) == [".lock", "manifest.json", "segment-1"]
    assert HybridRetriever.open(out, embedder).search_now("红烧肉怎么做").hits[0].recipe.name == "红烧肉"


def test_a_row_that_was_cut_short_is_embedded_again(whole: tuple[Path, int], tmp_path: Path) -> None:
    out = tmp_path / "index"
    killed_build(out, 3)
    rows = out / "building" / "segment" / "vectors.f16"
    os.truncate(rows, rows.stat().st_size - 3)
    embedder = KilledEmbedder()
    build_index([COOKBOOK_DIR], out, embedder)
    assert embedder.embedded == whole[1] - 95
    assert vectors_of(out) == vectors_of(whole[0])


def test_another_model_begins_anew(whole: tuple[Path, int], tmp_path: Path) -> None:
    out = tmp_path / "index"
    killed_build(out, 3)
    embedder = KilledEmbedder()
    embedder.revision = "2"
    build_index([COOKBOOK_DIR], out, embedder)
    assert embedder.embedded == whole[1]
