"""Adding, removing and merging: what is found afterwards, what is told, and that failure changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError, IndexMismatchError, IndexMissingError, RecipeIndexError
from core.recipe import Recipe
from index.build import build_index
from index.change import add_to_index, compact_index, remove_from_index
from index.manifest import Manifest
from index.retriever import HybridRetriever
from index.vector_stores.faiss_store import FaissVectorStores
from index.writer_lock import IndexBusyError, writing
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl

STORES = FaissVectorStores()


@pytest.fixture
def index(corpus: Path, tmp_path: Path, embedder: HashingEmbedder) -> Path:
    """番茄炒蛋 (西红柿炒鸡蛋), 红烧肉 and 清蒸鲈鱼."""
    build_index([corpus], tmp_path / "index", embedder)
    return tmp_path / "index"


@pytest.fixture
def more(tmp_path: Path) -> Path:
    rows = [own_row("葱油拌面"), own_row("红烧肉"), own_row("红烧肉", source="别处")]
    return write_jsonl(tmp_path / "more.jsonl", rows)


def added(index: Path, corpus: Path, **more: Any) -> Any:
    return add_to_index(index, [corpus], HashingEmbedder(), STORES, **more)


def found(index: Path, query: str) -> list[tuple[str, str]]:
    """Name and source of the recipes for the very dish that the query names."""
    result = HybridRetriever.open(index, HashingEmbedder()).search_now(query, limit=10)
    return [(hit.recipe.name, hit.recipe.source) for hit in result.hits if hit.recipe.name in query]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestAdd:
    def test_old_and_new_are_found(self, index: Path, more: Path) -> None:
        report = added(index, more)
        assert (report.recipes, report.duplicates) == (2, 1)
        assert found(index, "葱油拌面怎么做")[0] == ("葱油拌面", "测试")
        assert found(index, "清蒸鲈鱼怎么做")[0] == ("清蒸鲈鱼", "测试")
        assert Manifest.read(index).recipes == 5
        assert names_in(index) == [".lock", "manifest.json", "segment-1", "segment-2"]

    def test_what_is_there_already_changes_nothing(self, index: Path, corpus: Path) -> None:
        before = (index / "manifest.json").read_bytes()
        report = added(index, corpus)
        assert (report.recipes, report.duplicates) == (0, 3)
        assert (index / "manifest.json").read_bytes() == before
        assert names_in(index) == [".lock", "manifest.json", "segment-1"]

    def test_the_same_recipes_make_the_same_corpus(self, index: Path, more: Path, corpus: Path) -> None:
        added(index, more)
        at_once = index.with_name("at-once")
        build_index([more, corpus], at_once, None)
        assert Manifest.read(index).corpus_hash == Manifest.read(at_once).corpus_hash

    def test_only_the_new_questions_are_embedded(self, index: Path, more: Path) -> None:
        embedder = HashingEmbedder()
        add_to_index(index, [more], embedder, STORES)
        assert embedder.batches == [("葱油拌面怎么做", "红烧肉怎么做")]

    def test_a_bad_row_changes_nothing(self, index: Path, tmp_path: Path) -> None:
        before = (index / "manifest.json").read_bytes()
        with pytest.raises(CorpusError, match="--skip-bad"):
            added(index, write_jsonl(tmp_path / "bad.jsonl", [own_row("葱油拌面"), "[]"]))
        assert (index / "manifest.json").read_bytes() == before
        assert names_in(index) == [".lock", "manifest.json", "segment-1"]

    @pytest.mark.parametrize("running", [HashingEmbedder(revision="2"), None])
    def test_another_model_is_refused(self, index: Path, more: Path, running: HashingEmbedder | None) -> None:
        with pytest.raises(IndexMismatchError):
            add_to_index(index, [more], running, STORES)

    def test_to_an_index_without_vectors(self, corpus: Path, more: Path, tmp_path: Path) -> None:
        build_index([corpus], tmp_path / "lexical", None)
        assert added(tmp_path / "lexical", more).recipes == 2

    def test_to_no_index(self, more: Path, tmp_path: Path) -> None:
        with pytest.raises(IndexMissingError, match="no index here"):
            added(tmp_path / "none", more)
        assert not (tmp_path / "none").exists()


class TestRemove:
    def test_by_name_and_by_id(self, index: Path) -> None:
        bass = Recipe.from_dict(own_row("清蒸鲈鱼"))
        report = remove_from_index(index, ["红烧肉", bass.recipe_id])
        assert (report.removed, report.missing) == ({"清蒸鲈鱼": 1, "红烧肉": 1}, [])
        assert (found(index, "红烧肉怎么做"), found(index, "清蒸鲈鱼怎么做")) == ([], [])
        assert found(index, "番茄炒蛋怎么做") == [("番茄炒蛋", "测试")]
        assert Manifest.read(index).recipes == 1

    def test_an_alias_is_no_name(self, index: Path) -> None:
        assert remove_from_index(index, ["西红柿炒鸡蛋"]).missing == ["西红柿炒鸡蛋"]

    def test_by_source(self, index: Path, more: Path) -> None:
        added(index, more)
        assert remove_from_index(index, [], sources=["别处"]).removed == {"红烧肉": 1}
        assert found(index, "红烧肉怎么做") == [("红烧肉", "测试")]

    def test_a_book_is_all_of_its_pages_and_no_other_book(self, index: Path, tmp_path: Path) -> None:
        sources = ("《家常菜》第 2 页", "《家常菜》第 12 页", "《家常菜续编》第 2 页")
        rows = [own_row("葱油拌面", source=source) for source in sources]
        added(index, write_jsonl(tmp_path / "books.jsonl", rows))
        assert remove_from_index(index, [], sources=["《家常菜》"]).recipes == 2
        assert remove_from_index(index, [], sources=["《家常菜》", "《家常"]).missing == [
            "《家常菜》",
            "《家常",
        ]

    def test_what_is_not_there_is_named_and_changes_nothing(self, index: Path) -> None:
        before = (index / "manifest.json").read_bytes()
        report = remove_from_index(index, ["佛跳墙", "0" * 16], sources=["某书"])
        assert (report.recipes, report.missing) == (0, ["佛跳墙", "0" * 16, "某书"])
        assert (index / "manifest.json").read_bytes() == before

    def test_what_was_taken_out_is_not_there(self, index: Path) -> None:
        remove_from_index(index, ["红烧肉"])
        assert remove_from_index(index, ["红烧肉"]).missing == ["红烧肉"]

    def test_it_can_be_added_again(self, index: Path, corpus: Path) -> None:
        remove_from_index(index, ["红烧肉"])
        assert added(index, corpus).recipes == 1
        assert found(index, "红烧肉怎么做") == [("红烧肉", "测试")]
        remove_from_index(index, ["红烧肉"])
        assert (found(index, "红烧肉怎么做"), Manifest.read(index).recipes) == ([], 2)

    def test_a_segment_of_which_nothing_is_left_goes(self, index: Path, more: Path) -> None:
        added(index, more)
        remove_from_index(index, ["葱油拌面"], sources=["别处"])
        assert names_in(index) == [".lock", "manifest.json", "segment-1"]

    def test_everything_is_refused(self, index: Path) -> None:
        with pytest.raises(RecipeIndexError, match="would leave no recipe"):
            remove_from_index(index, [], sources=["测试"])
        assert Manifest.read(index).recipes == 3


class TestCompact:
    def test_it_finds_the_same(self, index: Path, more: Path) -> None:
        added(index, more)
        remove_from_index(index, ["清蒸鲈鱼"])
        queries = ("葱油拌面", "红烧肉", "番茄炒蛋", "清蒸鲈鱼")
        before, content = [found(index, query) for query in queries], Manifest.read(index).corpus_hash
        report = compact_index(index, STORES)
        assert report is not None
        assert (report.recipes, names_in(index)) == (4, [".lock", "manifest.json", "segment-4"])
        assert [found(index, query) for query in queries] == before
        manifest = Manifest.read(index)
        assert (manifest.corpus_hash, manifest.removed) == (content, 0)

    def test_what_a_kill_left_of_a_finished_change_goes(self, index: Path, more: Path) -> None:
        added(index, more)
        compact_index(index, STORES)
        number = Manifest.read(index).segments[0].name.removeprefix("segment-")
        (index / "building").mkdir()
        (index / "building" / "state.json").write_text(f'{{"number": {number}}}', encoding="utf-8")
        (index / "removed-1.npy").touch()
        assert compact_index(index, STORES) is None
        assert names_in(index) == [".lock", "manifest.json", f"segment-{number}"]

    def test_one_whole_segment_stays(self, index: Path) -> None:
        assert compact_index(index, STORES) is None

    def test_vectors_are_those_of_an_index_built_at_once(
        self, index: Path, more: Path, corpus: Path, embedder: HashingEmbedder
    ) -> None:
        added(index, more)
        compact_index(index, STORES)
        build_index([corpus, more], index.with_name("at-once"), embedder)
        files = ("segment-3/vectors.f16", "at-once/segment-1/vectors.f16")
        merged, at_once = index / files[0], index.with_name("at-once") / "segment-1" / "vectors.f16"
        assert merged.read_bytes() == at_once.read_bytes()


class TestOneWriter:
    @pytest.mark.parametrize(
        "write",
        [
            lambda index, corpus: build_index([corpus], index, None),
            added,
            lambda index, _corpus: remove_from_index(index, ["红烧肉"]),
            lambda index, _corpus: compact_index(index, STORES),
        ],
    )
    def test_the_second_one_is_refused(
        self, index: Path, corpus: Path, write: Callable[[Path, Path], object]
    ) -> None:
        with writing(index), pytest.raises(IndexBusyError, match=r"process \d+ is building or changing"):
            write(index, corpus)


def test_an_opened_index_finds_what_it_found_after_it_was_replaced(index: Path, tmp_path: Path) -> None:
    opened = HybridRetriever.open(index, HashingEmbedder())
    build_index([write_jsonl(tmp_path / "new.jsonl", [own_row("葱油拌面")])], index, HashingEmbedder())
    assert names_in(index) == [".lock", "manifest.json", "segment-2"]
    assert opened.search_now("清蒸鲈鱼怎么做").hits[0].recipe.name == "清蒸鲈鱼"


def test_a_copied_index_is_an_index(index: Path, tmp_path: Path) -> None:
    shutil.copytree(index, tmp_path / "copy")
    assert found(tmp_path / "copy", "红烧肉怎么做") == [("红烧肉", "测试")]
