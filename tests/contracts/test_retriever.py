"""What every `Retriever` does alike: the fake, and the real one with and without vectors."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ports import Retriever
from core.recipe import Recipe
from index.build import build_index
from index.retriever import HybridRetriever
from tests.fakes.fake_retriever import FakeRetriever
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl

RECIPES = [Recipe.from_dict(own_row(name)) for name in ("红烧肉", "毛氏红烧肉", "清蒸鲈鱼", "葱油拌面")]
BRAISED_PORK, MAO_PORK, BASS, NOODLES = RECIPES


def fake_retriever() -> Retriever:
    fake = FakeRetriever({"红烧肉怎么做": (BRAISED_PORK, MAO_PORK), "清蒸鲈鱼的做法": (BASS,)})
    fake.nearest = (NOODLES,)
    return fake


@pytest.fixture(params=["fake", "lexical", "vectors"])
def retriever(request: pytest.FixtureRequest, tmp_path: Path) -> Retriever:
    if request.param == "fake":
        return fake_retriever()
    embedder = HashingEmbedder() if request.param == "vectors" else None
    corpus = write_jsonl(tmp_path / "c.jsonl", [recipe.to_dict() for recipe in RECIPES])
    build_index([corpus], tmp_path / "index", embedder)
    return HybridRetriever.open(tmp_path / "index", embedder)


class TestRetriever:
    async def test_the_dish_that_was_asked_for_comes_first(self, retriever: Retriever) -> None:
        found = await retriever.search("红烧肉怎么做")
        assert (found.query, found.refused, found.hits[0].recipe) == ("红烧肉怎么做", False, BRAISED_PORK)

    async def test_hits_stand_in_the_order_of_their_scores(self, retriever: Retriever) -> None:
        scores = [hit.score for hit in (await retriever.search("红烧肉怎么做")).hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)

    async def test_no_recipe_comes_twice(self, retriever: Retriever) -> None:
        ids = [hit.recipe.recipe_id for hit in (await retriever.search("红烧肉怎么做", limit=10)).hits]
        assert len(ids) == len(set(ids))

    @pytest.mark.parametrize("limit", [1, 2])
    async def test_no_more_than_the_limit(self, retriever: Retriever, limit: int) -> None:
        assert len((await retriever.search("红烧肉怎么做", limit=limit)).hits) == limit

    async def test_what_is_excluded_is_left_out(self, retriever: Retriever) -> None:
        found = await retriever.search("红烧肉怎么做", exclude=frozenset({BRAISED_PORK.recipe_id}))
        assert found.hits[0].recipe == MAO_PORK
        assert BRAISED_PORK not in [hit.recipe for hit in found.hits]

    async def test_what_is_not_known_is_refused(self, retriever: Retriever) -> None:
        assert (await retriever.search("今天天气怎么样")).refused

    async def test_everything_excluded_is_refused_and_empty(self, retriever: Retriever) -> None:
        everything = frozenset(recipe.recipe_id for recipe in RECIPES)
        found = await retriever.search("清蒸鲈鱼的做法", exclude=everything)
        assert (found.refused, found.hits) == (True, ())

    def test_it_describes_itself_in_one_line(self, retriever: Retriever) -> None:
        assert retriever.describe()
        assert "\n" not in retriever.describe()
