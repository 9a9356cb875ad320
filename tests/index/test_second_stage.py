"""Reranking: what it may change, and that search goes on without it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from core.errors import ModelRejectedError, ModelUnavailableError
from core.ports import Retrieval
from core.recipe import Recipe
from index.build import build_index
from index.retriever import HybridRetriever
from index.second_stage import (
    RERANKED_DISHES,
    SecondStage,
    order_with,
    passage_of,
    probability_with,
)
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.fakes.scripted_reranker import ScriptedReranker
from tests.index.corpora import own_row, write_jsonl

NAMES = ["红烧肉", "红烧排骨", "红烧鱼", "红烧茄子", "红烧牛肉", "红烧豆腐", "清蒸鲈鱼", "毛氏红烧肉"]
RECIPES = [Recipe.from_dict(own_row(name)) for name in NAMES]


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("second stage")
    corpus = write_jsonl(folder / "c.jsonl", [recipe.to_dict() for recipe in RECIPES])
    build_index([corpus], folder / "index", None)
    return folder / "index"


def searched(index: Path, query: str, stage: SecondStage | None, limit: int = 5) -> Retrieval:
    return HybridRetriever.open(index, None, second_stage=stage).search_now(query, limit=limit)


def names(retrieval: Retrieval) -> list[str]:
    return [hit.recipe.name for hit in retrieval.hits]


class TestWhatItChanges:
    def test_near_dishes_change_places(self, index: Path) -> None:
        query = "红烧牛排怎么做"
        assert names(searched(index, query, None))[:2] == ["红烧牛肉", "红烧排骨"]
        stage = SecondStage(ScriptedReranker({"红烧排骨": 0.8, "": 0.3}))
        assert names(searched(index, query, stage))[:2] == ["红烧排骨", "红烧牛肉"]

    @pytest.mark.parametrize("name", NAMES)
    def test_a_plain_name_keeps_its_place_whatever_it_says(self, index: Path, name: str) -> None:
        stage = SecondStage(ScriptedReranker({f"{name}：": 0.0, "": 1.0}))
        found = searched(index, f"{name}怎么做", stage)
        assert (found.refused, found.hits[0].recipe.name) == (False, name)

    def test_a_dish_that_was_wrongly_refused_is_found(self, index: Path) -> None:
        assert searched(index, "红烧茄", None).refused
        found = searched(index, "红烧茄", SecondStage(ScriptedReranker({"红烧茄子": 0.65, "": 0.3})))
        assert (found.refused, found.hits[0].recipe.name) == (False, "红烧茄子")

    def test_a_doubtful_hit_is_refused(self, index: Path) -> None:
        query = "茄子怎么红烧好吃"
        assert not searched(index, query, None).refused
        assert searched(index, query, SecondStage(ScriptedReranker({"": 0.2}))).refused

    def test_it_cannot_make_an_answer_of_what_is_plainly_none(self, index: Path) -> None:
        assert searched(index, "今天天气怎么样", SecondStage(ScriptedReranker({"": 1.0}))).refused

    def test_the_best_dishes_are_read_by_name_and_key_ingredients(self, index: Path) -> None:
        reranker = ScriptedReranker()
        searched(index, "红烧肉怎么做", SecondStage(reranker), limit=1)
        ((query, passages),) = reranker.calls
        assert query == "红烧肉怎么做"
        assert passage_of(RECIPES[0]) in passages
        assert len(passages) > 1

    def test_a_list_of_ingredients_needs_no_second_stage(self, index: Path) -> None:
        reranker = ScriptedReranker()
        ingredient = RECIPES[0].ingredients[0].name
        found = searched(index, f"我有{ingredient}，能做什么", SecondStage(reranker))
        assert (found.refused, reranker.calls) == (False, [])

    def test_it_is_named(self, index: Path) -> None:
        opened = HybridRetriever.open(index, None, second_stage=SecondStage(ScriptedReranker()))
        assert opened.describe().endswith("lexical + no vectors, reranked by fake/reranker")


@pytest.mark.parametrize("failure", [ModelUnavailableError("out of memory"), ModelRejectedError("half")])
def test_search_goes_on_when_it_fails_and_says_so_once(
    index: Path, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    clock, reranker = Ticks(), ScriptedReranker()
    reranker.failure = failure
    stage = SecondStage(reranker, clock=clock)
    expected = searched(index, "红烧肉怎么做", None)
    with caplog.at_level(logging.WARNING):
        for clock.now in (0, 1, 100, 101, 200):  # after a while it is tried again
            assert searched(index, "红烧肉怎么做", stage) == expected
    assert len(reranker.calls) == 3
    assert [record.message for record in caplog.records] == [f"search_without_reranker reason={failure}"]


def test_it_is_used_again_when_it_works_again(index: Path) -> None:
    clock, reranker = Ticks(), ScriptedReranker({"": 0.9})
    stage = SecondStage(reranker, clock=clock)
    reranker.failure = ModelUnavailableError("out of memory")
    assert stage.scores("红烧肉", RECIPES) == {}
    reranker.failure = None
    clock.now = 1000
    assert stage.scores("红烧肉", RECIPES[:1]) == {"红烧肉": pytest.approx(0.9)}


def test_a_search_does_not_wait_for_a_slow_one(index: Path) -> None:
    reranker, go_on = ScriptedReranker(), threading.Event()
    reranker.before = lambda: go_on.wait(60)
    try:
        stage = SecondStage(reranker, seconds=0.01)
        assert searched(index, "红烧肉怎么做", stage) == searched(index, "红烧肉怎么做", None)
        assert searched(index, "红烧鱼怎么做", stage) == searched(index, "红烧鱼怎么做", None)
    finally:
        go_on.set()
    assert len(reranker.calls) == 1


def test_no_more_than_ten_dishes_and_each_name_once() -> None:
    reranker = ScriptedReranker()
    recipes = [Recipe.from_dict(own_row(f"菜{number // 2}")) for number in range(100)]
    scores = SecondStage(reranker).scores("菜", recipes)
    assert list(scores) == [f"菜{number}" for number in range(RERANKED_DISHES)]
    assert len(reranker.calls[0][1]) == RERANKED_DISHES


def test_nothing_found_is_nothing_to_rerank() -> None:
    reranker = ScriptedReranker()
    assert (SecondStage(reranker).scores("菜", []), reranker.calls) == ({}, [])


def test_passages_are_short() -> None:
    row = own_row("菜" * 100) | {"ingredients": [{"name": "料" * 100, "amount": ""}] * 50}
    assert len(passage_of(Recipe.from_dict(row))) <= 60
    assert passage_of(Recipe(recipe_id="1", name="白饭", ingredients=(), steps=("煮",))) == "白饭"


def test_a_score_at_the_border_of_relevance_says_nothing() -> None:
    assert probability_with(0.7, 0.4) == pytest.approx(0.7)
    assert probability_with(0.7, 0.5) > 0.7 > probability_with(0.7, 0.3)


@pytest.mark.parametrize("score", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("before", [0.0, 0.5, 1.0])
def test_what_comes_out_is_in_bounds(before: float, score: float) -> None:
    assert 0 <= probability_with(before, score) <= 1
    assert 0 <= order_with(before, score) <= 1


def test_without_memory_for_the_embedder_words_and_sounds_are_searched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = HashingEmbedder()
    corpus = write_jsonl(tmp_path / "c.jsonl", [recipe.to_dict() for recipe in RECIPES])
    build_index([corpus], tmp_path / "index", embedder)
    retriever = HybridRetriever.open(tmp_path / "index", embedder)
    embedder.failure = ModelUnavailableError("out of memory, twice")
    found = [retriever.search_now("红绕肉怎么做") for _ in range(3)]
    assert [r.hits[0].recipe.name for r in found] == ["红烧肉"] * 3
    assert [r.message for r in caplog.records] == ["search_without_vectors reason=out of memory, twice"]
