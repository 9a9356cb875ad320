"""The completeness of a recipe."""

from __future__ import annotations

from typing import Any

import pytest

from core.recipe import Recipe
from index.quality import quality_of
from tests.index.corpora import own_row


def recipe(name: str = "红烧肉", **more: Any) -> Recipe:
    return Recipe.from_dict(own_row(name) | more)


def amounts(*given: str) -> list[dict[str, str]]:
    return [{"name": f"配料{'甲乙丙丁戊己'[n]}", "amount": amount} for n, amount in enumerate(given)]


STEPS = [
    f"第{n}步，{'把锅里的东西慢慢地翻动，直到颜色变深，香味出来，然后再加一点水盖上盖子继续炖。'}"
    for n in "一二三四五六"
]
FULL: dict[str, Any] = {
    "ingredients": amounts("1克", "2克", "3克", "4克", "5克", "6克"),
    "steps": STEPS,
    "minutes": 30,
    "servings": 2,
    "tips": ["趁热"],
    "category": "热菜",
}


def test_a_complete_recipe_has_all_points() -> None:
    assert quality_of(recipe(**FULL)) == 100


def test_a_bare_name_has_the_name_s_points() -> None:
    assert quality_of(recipe(ingredients=[], steps=[])) == 5


def test_nothing_at_all_is_zero() -> None:
    assert quality_of(recipe("!!!", ingredients=[{"name": "1", "amount": ""}], steps=["。。。", " "])) == 0


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"ingredients": amounts("1克", "2克", "3克", "", "", "")}, 12),
        ({"ingredients": []}, 45),
        ({"steps": []}, 40),
        ({"steps": [STEPS[0]] * 6}, 32),
        ({"minutes": None, "tips": []}, 5),
        ({"name": "超级无敌好吃到停不下来的妈妈的味道的家常的红烧肉"}, 5),
        ({"name": "★★★★肉"}, 5),
    ],
)
def test_each_part_weighs_as_described(change: dict[str, Any], lost: int) -> None:
    assert quality_of(recipe(**(FULL | change))) == 100 - lost


def test_more_never_counts_for_less() -> None:
    one = recipe(ingredients=amounts("1克"), steps=STEPS[:1])
    two = recipe(ingredients=amounts("1克", "2克"), steps=STEPS[:2])
    assert quality_of(one) < quality_of(two)
