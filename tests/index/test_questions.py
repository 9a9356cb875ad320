"""The hypothetical questions of a recipe."""

from __future__ import annotations

import pytest

from core.recipe import Recipe
from index.questions import MAX_FORMS, forms_of, question_of
from tests.index.corpora import own_row


def recipe(name: str, **more: object) -> Recipe:
    return Recipe.from_dict(own_row(name, **more))


def test_name_first_then_aliases() -> None:
    found = forms_of(recipe("番茄炒蛋", aliases=["西红柿炒鸡蛋", "番茄炒蛋"]))
    assert found == ("番茄炒蛋", "西红柿炒鸡蛋")


def test_the_bare_dish_of_a_decorated_title_is_a_form() -> None:
    assert "巴斯克蛋糕" in forms_of(recipe("【十分钟快手】巴斯克蛋糕（蒸烤箱版）"))


def test_keywords_count_when_they_are_questions() -> None:
    found = forms_of(recipe("酱香饼", keywords=["千层酱饼怎么做", "下饭", "家常酱饼的做法"]))
    assert found == ("酱香饼", "千层酱饼", "家常酱饼")


@pytest.mark.parametrize("name", ["鱼", "😀", "!!!"])
def test_every_recipe_has_at_least_one_form(name: str) -> None:
    assert forms_of(recipe(name)) == (name,)


def test_forms_are_bounded() -> None:
    aliases = [f"红烧肉{number:03}" for number in range(50)]
    assert len(forms_of(recipe("红烧肉", aliases=aliases))) == MAX_FORMS


def test_the_question_of_a_form() -> None:
    assert question_of("红烧肉") == "红烧肉怎么做"
