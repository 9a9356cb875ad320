"""The index of recipes by structure: terms, limits, ranks, and tiers that change nothing but the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import IndexCorruptError
from core.quantity import Quantity
from core.recipe import Ingredient, Recipe
from index import recipe_lookup
from index.recipe_lookup import RecipeLookup, Terms, name_pairs

_FOODS = ("土豆", "牛肉", "鸡蛋", "花生", "豆腐")


def recipe(number: int) -> Recipe:
    foods = [food for place, food in enumerate(_FOODS) if number % (place + 2) == 0]
    steps = tuple(f"第{step}步，炒{number % 9 + 1}分钟。" for step in range(number % 6 + 1))
    name = f"{''.join(foods)}烩{number}"
    return Recipe(str(number), name, tuple(Ingredient(f, Quantity.parse("2个")) for f in foods), steps)


RECIPES = [recipe(number) for number in range(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recipes")
    recipe_lookup.build(made, RECIPES, lambda row: row % 40)
    return made


@pytest.fixture(scope="module")
def lookup(folder: Path) -> RecipeLookup:
    return RecipeLookup(folder)


def names(lookup: RecipeLookup, terms: Terms, limit: int = 300) -> list[str]:
    return [RECIPES[found.row].name for found in lookup.rows(terms, limit)]


def test_all_of_the_terms_are_needed_and_none_of_the_others_is_there(lookup: RecipeLookup) -> None:
    terms = Terms((("ingredients", "=土豆"), ("ingredients", "=牛肉")), (("allergens", "花生"),))
    found = names(lookup, terms)
    assert sorted(found) == sorted(r.name for n, r in enumerate(RECIPES) if n % 6 == 0 and n % 5 != 0)


def test_time_is_a_limit_that_unknown_times_do_not_meet(lookup: RecipeLookup) -> None:
    for found in lookup.rows(Terms(max_minutes=10), 300):
        assert 1 <= found.minutes <= 10


def test_the_best_ranked_come_first(lookup: RecipeLookup) -> None:
    ranks = [found.rank for found in lookup.rows(Terms(), 300)]
    assert ranks == sorted(ranks, reverse=True)
    assert len(ranks) == len(RECIPES)


def test_a_dish_is_found_by_its_name(lookup: RecipeLookup) -> None:
    assert RECIPES[12].name in names(lookup, Terms(name_pairs("土豆牛肉鸡蛋")))
    assert names(lookup, Terms(name_pairs("佛跳墙"))) == []


@pytest.mark.parametrize("limit", [1, 5, 40, 300])
def test_tiers_change_nothing_but_the_time(
    folder: Path, lookup: RecipeLookup, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(recipe_lookup, "_TIER_SIZES", (20, 90))
    in_tiers = RecipeLookup(folder)
    for terms in (Terms(), Terms((("ingredients", "=豆腐"),)), Terms((), (("allergens", "花生"),), 30)):
        assert names(in_tiers, terms, limit) == names(lookup, terms, limit)


def test_a_damaged_index_is_named(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(IndexCorruptError, match="cannot be opened"):
        RecipeLookup(tmp_path)
