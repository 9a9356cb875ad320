"""Telling recipes that were there before."""

from __future__ import annotations

import pytest

from core.recipe import Recipe
from index.importing import duplicates
from index.importing.duplicates import DigestSet, content_digest
from index.importing.language import language_of
from tests.index.corpora import own_row


@pytest.mark.parametrize("recent", [1, 7, 1 << 17])
def test_a_set_of_digests(recent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_RECENT", recent)
    numbers = [n * 0x9E3779B97F4A7C15 % 2**64 for n in range(50)] + [2**64 - 1, 2**63]
    found = DigestSet()
    assert [found.add(number) for number in numbers] == [
        number not in numbers[:n] for n, number in enumerate(numbers)
    ]
    assert [found.add(number) for number in numbers] == [False] * len(numbers)
    assert len(found) == len(set(numbers))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"source": "别处", "tips": ["x"], "recipe_id": "other"}, True),
        ({"name": "【快手】红烧肉（零失败）"}, True),
        ({"steps": ["1. 鸡蛋打散", "2、中火 炒１分钟！"]}, True),
        ({"steps": ["鸡蛋打散。中火炒1分钟。"]}, True),
        ({"steps": ["鸡蛋打散。", "中火炒2分钟。"]}, False),
        ({"name": "红烧排骨"}, False),
        ({"name": "（红烧肉）"}, True),
        ({"steps": []}, False),
    ],
)
def test_the_same_dish_with_the_same_steps(change: dict[str, object], same: bool) -> None:
    recipe, other = Recipe.from_dict(own_row("红烧肉")), Recipe.from_dict(own_row("红烧肉") | change)
    assert (content_digest(recipe) == content_digest(other)) is same


def test_without_steps_the_ingredients_tell() -> None:
    salt, sugar = ({"steps": [], "ingredients": [{"name": name, "amount": ""}]} for name in "盐糖")
    first, second = (Recipe.from_dict(own_row("汤") | fields) for fields in (salt, sugar))
    assert content_digest(first) != content_digest(second)


@pytest.mark.parametrize(
    ("name", "steps", "language"),
    [
        ("红烧肉", ["五花肉切块，焯水后炖一小时。"], "zh-Hans"),
        ("紅燒肉", ["五花肉切塊，焯水後燉一小時。"], "zh-Hant"),
        ("肉じゃが", ["じゃがいもを切って、鍋に入れて煮ます。"], "ja"),
        ("김치찌개", ["김치를 볶다가 물을 넣고 끓인다."], "ko"),
        ("Pancakes", ["Mix eggs and flour, then fry."], "en"),
        ("12345", ["…"], "und"),
    ],
)
def test_languages(name: str, steps: list[str], language: str) -> None:
    assert language_of(Recipe.from_dict(own_row(name, steps=steps))) == language
