"""The generated recipes are the same each time, and their questions have an answer."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.benchmarks.recipe_names import KINDS, RecipeNames, dish_number_of, dishes_for


def test_a_seed_gives_the_same_recipes() -> None:
    assert list(RecipeNames(200).rows(20)) == list(RecipeNames(200).rows(20))
    assert list(RecipeNames(200).rows(20)) != list(RecipeNames(200, seed=1).rows(20))


def test_popular_dishes_have_many_recipes() -> None:
    names = RecipeNames(200)
    counts = Counter(dish_number_of(row["author"]) for row in names.rows(2000))
    assert counts[0] > 2 * counts[199]
    assert all(0 <= number < 200 for number in counts)


@pytest.mark.parametrize("kind", KINDS)
def test_questions_name_their_dish(kind: str) -> None:
    names = RecipeNames(200)
    asked = names.questions(kind, 20)
    assert [names.dishes[question.dish_number] for question in asked] == [question.dish for question in asked]
    assert all(
        (question.dish in question.query) == (kind in {"plain", "colloquial"}) for question in asked
    ) or (kind == "traditional")


def test_fifty_recipes_share_a_dish() -> None:
    assert [dishes_for(count) for count in (100, 100_000, 1_520_000)] == [100, 2_000, 30_000]
