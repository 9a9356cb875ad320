"""The ways that others search."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Recipe
from index.benchmarking.encoding import RememberingEmbedder
from index.benchmarking.rivals import fused, recipe_text, rivals
from index.build import build_index
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    build_index([corpus], tmp_path / "index", HashingEmbedder())
    return tmp_path / "index"


def test_all_search_the_same_recipes(folder: Path) -> None:
    systems = rivals(folder, HashingEmbedder())
    found = {
        name: [hit.recipe.name for hit in search("红烧肉怎么做", 1).hits] for name, search in systems.items()
    }
    assert list(found) == [
        *("whitespace BM25", "character BM25", "vectors alone"),
        *("ensemble, whitespace", "ensemble, characters", "whole recipes"),
    ]
    assert {name: hits for name, hits in found.items() if name != "whole recipes"} == {
        name: ["红烧肉"] for name in found if name != "whole recipes"
    }


def test_whitespace_finds_nothing_that_is_put_otherwise(folder: Path) -> None:
    assert rivals(folder, None)["whitespace BM25"]("红烧肉的做法", 5).hits == ()


def test_without_an_embedder_there_are_no_vectors(folder: Path) -> None:
    assert list(rivals(folder, None)) == ["whitespace BM25", "character BM25"]


def test_hidden_recipes_are_left_out(folder: Path) -> None:
    search = rivals(folder, None)["character BM25"]
    best = search("红烧肉怎么做", 1).hits[0].recipe
    assert search("红烧肉怎么做", 1, frozenset({best.recipe_id})).hits[0].recipe != best


def test_ranks_are_fused() -> None:
    ranked = fused(lambda query: [1, 2, 3], lambda query: [3, 2, 4])
    assert ranked("q") == [3, 2, 1, 4]


def test_a_recipe_is_read_as_far_as_the_model_reads() -> None:
    recipe = Recipe.from_dict(own_row("红烧肉", recipe_id="1", steps=["炖。" * 500]))
    text = recipe_text(recipe)
    assert (text[:15], len(text)) == ("红烧肉\n鸡蛋2个，盐2克\n炖。", 512)


def test_what_is_known_is_not_encoded_again() -> None:
    embedder = RememberingEmbedder(HashingEmbedder())
    first = embedder.embed(["甲", "乙"], input_type="query")
    again = embedder.embed(["乙", "甲", "丙"], input_type="query")
    assert (again[0] == first[1]).all()
    assert (again[1] == first[0]).all()
    assert len(embedder.milliseconds) == 1
    assert embedder.embed([], input_type="query").shape == (0, embedder.dimension)
