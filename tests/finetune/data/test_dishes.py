"""Which recipes are of the same dish."""

from __future__ import annotations

import pytest

from finetune.data.dishes import dish_named, dish_of, names_of, title_of
from tests.finetune.data.recipes import recipe


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("红烧肉", "红烧肉"),
        ("【十分钟快手】外婆的家常红烧肉（电饭锅版）", "外婆的家常红烧肉"),
        ("🍲 番茄汤 🍅", "番茄汤"),
        ("【红烧肉】", "【红烧肉】"),
        ("a（b（c）d）汤羹", "a 汤羹"),
    ],
)
def test_a_title_is_what_people_say(name: str, title: str) -> None:
    assert title_of(recipe(name)) == title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("红烧肉", "【独家】红烧肉（零失败）"),
        ("红烧肉", "家常红烧肉的做法"),
        ("番茄炒蛋", "西红柿炒蛋"),
        ("紅燒肉", "红烧肉"),
        ("超简单的红烧肉", "红烧肉懒人版"),
    ],
)
def test_other_spellings_are_the_same_dish(one: str, other: str) -> None:
    assert dish_of(recipe(one)) == dish_of(recipe(other)) == dish_named(one)


def test_different_dishes_differ() -> None:
    assert dish_of(recipe("红烧肉")) != dish_of(recipe("红烧排骨"))


def test_the_corpus_may_name_the_dish() -> None:
    grandmother = recipe("外婆红烧肉", aliases=("红烧肉",))
    assert dish_of(grandmother) == "红烧肉"
    assert names_of(grandmother) == ("红烧肉", "外婆红烧肉")


def test_other_aliases_count_as_names_only() -> None:
    assert dish_of(recipe("番茄炒蛋", aliases=("鸡蛋番茄",))) == dish_named("番茄炒蛋")
    assert dish_named("鸡蛋番茄") in names_of(recipe("番茄炒蛋", aliases=("鸡蛋番茄",)))


def test_what_names_nothing_is_no_dish() -> None:
    assert dish_of(recipe("！！！")) == ""
    assert names_of(recipe("（）")) == ()
