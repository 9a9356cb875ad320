"""Search goes on while the index changes: every answer is right for the old index or for the new one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import IndexMissingError
from index.build import build_index
from index.change import add_to_index, compact_index, remove_from_index
from index.live_retriever import LiveRetriever, opened_steadily
from index.retriever import HybridRetriever
from index.vector_stores.faiss_store import FaissVectorStores
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl

STORES = FaissVectorStores()
NAMES = ["番茄炒蛋", "红烧肉", "清蒸鲈鱼", "葱油拌面", "地三鲜", "麻婆豆腐"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def index(tmp_path: Path, embedder: HashingEmbedder) -> Path:
    rows = [own_row(name) for name in NAMES[:3]]
    build_index([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "index", embedder)
    return tmp_path / "index"


@pytest.fixture
def more(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "more.jsonl", [own_row(name) for name in NAMES[3:]])


def live(index: Path, clock: Clock | None = None) -> LiveRetriever:
    return LiveRetriever(
        index, lambda: HybridRetriever.open(index, HashingEmbedder()), clock=clock or Clock(), look_every=1
    )


def reopening_ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "index-reopen":
            thread.join(timeout=60)


def names_found(retriever: LiveRetriever, query: str) -> list[str]:
    return [hit.recipe.name for hit in retriever.search_now(query, limit=1).hits]


async def test_a_new_index_is_found_once_a_second(index: Path, more: Path) -> None:
    clock = Clock()
    retriever = live(index, clock)
    add_to_index(index, [more], HashingEmbedder(), STORES)
    assert (await retriever.search("葱油拌面")).hits[0].recipe.name != "葱油拌面"
    reopening_ended()
    assert retriever.describe().startswith("3 recipes")
    clock.now = 1.0
    await retriever.search("葱油拌面")  # begins on the old one and has the new one opened
    reopening_ended()
    assert (await retriever.search("葱油拌面")).hits[0].recipe.name == "葱油拌面"


@pytest.mark.parametrize("damage", ["{", '{"format_version": 3}', None])
def test_a_damaged_index_leaves_the_old_one(
    index: Path, damage: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    retriever, manifest = live(index), index / "manifest.json"
    whole = manifest.read_bytes()
    manifest.unlink()
    if damage:
        manifest.write_text(damage, encoding="utf-8")
    retriever.follow()
    assert "index_not_reopened" in caplog.text
    assert names_found(retriever, "红烧肉") == ["红烧肉"]
    manifest.write_bytes(whole)
    caplog.clear()
    retriever.follow()
    assert "index_not_reopened" not in caplog.text


def test_what_vanishes_while_it_is_opened_is_opened_anew(index: Path, tmp_path: Path) -> None:
    new = write_jsonl(tmp_path / "new.jsonl", [own_row("葱油拌面")])
    attempts = 0

    def open_index() -> HybridRetriever:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            build_index([new], index, HashingEmbedder())
            raise IndexMissingError("a file vanished")
        return HybridRetriever.open(index, HashingEmbedder())

    assert opened_steadily(index, open_index).search_now("葱油拌面").hits[0].recipe.name == "葱油拌面"


def test_what_is_really_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="no index here"):
        live(tmp_path)


@contextmanager
def searching(retriever: LiveRetriever) -> Iterator[list[tuple[str, str]]]:
    """Threads that search without a pause; what the first hits were that are not the dish asked for."""
    wrong: list[tuple[str, str]] = []
    ended = threading.Event()

    def search(name: str) -> None:
        while not ended.is_set():
            found = retriever.search_now(name, limit=1)
            if found.refused or not found.hits or found.hits[0].recipe.name != name:
                wrong.append((name, found.hits[0].recipe.name if found.hits else ""))

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(search, name) for name in NAMES[:3]]
        try:
            yield wrong
        finally:
            ended.set()
        for thread in running:
            thread.result()


def test_no_wrong_answer_while_everything_changes(index: Path, more: Path, tmp_path: Path) -> None:
    """The first three dishes are in the index before and after every change."""
    retriever = live(index)
    everything = write_jsonl(tmp_path / "all.jsonl", [own_row(name) for name in NAMES])
    changes = (
        (lambda: add_to_index(index, [more], HashingEmbedder(), STORES), NAMES),
        (lambda: remove_from_index(index, NAMES[4:]), NAMES[:4]),
        (lambda: compact_index(index, STORES), NAMES[:4]),
        (lambda: build_index([everything], index, HashingEmbedder()), NAMES),
        (lambda: remove_from_index(index, NAMES[3:]), NAMES[:3]),
    )
    with searching(retriever) as wrong:
        for change, expected in changes:
            change()
            retriever.follow()
            assert [name for name in NAMES if names_found(retriever, name) == [name]] == expected
    assert wrong == []
