"""schema.org/Recipe in JSON-LD files and web pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers import read_corpus

RECIPE: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Recipe",
    "name": "红烧肉 &amp; 蛋",
    "author": {"@type": "Person", "name": "小王"},
    "recipeIngredient": ["五花肉 500克", "鸡蛋 2个"],
    "recipeInstructions": [
        {"@type": "HowToStep", "text": "<p>切块。</p>"},
        {
            "@type": "HowToSection",
            "name": "炖",
            "itemListElement": [{"@type": "HowToStep", "text": "炖<b>1</b>小时。"}],
        },
        "收汁。",
    ],
    "prepTime": "PT10M",
    "cookTime": "PT1H",
    "recipeYield": ["4", "4 人份"],
    "recipeCategory": "热菜",
    "recipeCuisine": ["本帮菜"],
    "keywords": "家常, 下饭",
}


def read(path: Path, text: str) -> list[Recipe | CorpusError]:
    path.write_text(text, encoding="utf-8")
    return list(read_corpus(path))


def page(*values: object) -> str:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)
    return f"<!DOCTYPE html><html><head><title>x</title>{scripts}</head><body>正文</body></html>"


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap", [lambda r: r, lambda r: [r], lambda r: {"@graph": [{"@type": "WebPage"}, r]}]
)
def test_a_file(tmp_path: Path, wrap: Any, indent: int | None) -> None:
    (recipe,) = read(tmp_path / "a.json", json.dumps(wrap(RECIPE), ensure_ascii=False, indent=indent))
    assert isinstance(recipe, Recipe)
    assert (recipe.name, recipe.source) == ("红烧肉 & 蛋", "a.json · 小王")
    assert [(item.name, item.amount) for item in recipe.ingredients] == [("五花肉", "500克"), ("鸡蛋", "2个")]
    assert recipe.steps == ("切块。", "炖 1 小时。", "收汁。")
    assert (recipe.minutes, recipe.servings, recipe.category, recipe.cuisine) == (70, 4, "热菜", "本帮菜")
    assert (recipe.keywords, recipe.allergens) == (("家常", "下饭"), ("鸡蛋",))


def test_a_web_page(tmp_path: Path) -> None:
    text = page(
        {"@type": "BreadcrumbList"}, {"@type": ["Recipe", "NewsArticle"]} | RECIPE | {"@type": ["Recipe"]}
    )
    (recipe,) = read(tmp_path / "a.html", text)
    assert (isinstance(recipe, Recipe), recipe.source if isinstance(recipe, Recipe) else "") == (
        True,
        "a.html · 小王",
    )


@pytest.mark.parametrize(
    ("steps", "read_as"),
    [
        ("切块。<br/>炖。<br>收汁。", ("切块。", "炖。", "收汁。")),
        ("切块。\n炖。", ("切块。", "炖。")),
        ([["切块。"], [["炖。"]]], ("切块。", "炖。")),
        ({"@type": "ItemList", "itemListElement": [{"text": "切块。"}]}, ("切块。",)),
        ([{"@type": "HowToStep", "name": "切块。"}, 5, None, True], ("切块。", "5")),
    ],
)
def test_ways_to_write_steps(tmp_path: Path, steps: object, read_as: tuple[str, ...]) -> None:
    (recipe,) = read(tmp_path / "a.json", json.dumps(RECIPE | {"recipeInstructions": steps}))
    assert isinstance(recipe, Recipe)
    assert recipe.steps == read_as


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({"totalTime": "P1DT2H"}, 1560),
        ({"totalTime": "PT0M"}, 70),
        ({"totalTime": "soon", "cookTime": None, "prepTime": None}, None),
        ({"totalTime": "PT90M30S"}, 90),
    ],
)
def test_times(tmp_path: Path, change: dict[str, object], value: int | None) -> None:
    (recipe,) = read(tmp_path / "a.json", json.dumps(RECIPE | change))
    assert isinstance(recipe, Recipe)
    assert recipe.minutes == value


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "name is empty"),
        ({"name": {"a": [1]}}, "name is empty"),
        ({"recipeIngredient": {}, "recipeInstructions": {}}, "neither ingredients nor steps"),
        ({"@type": "Person"}, "JSON-LD without a schema.org Recipe"),
        ({"recipeIngredient": ["盐"] * 201}, "ingredients must have at most 200 items, got 201"),
    ],
)
def test_broken_ones_are_named(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    path = tmp_path / "a.json"
    (row,) = read(path, json.dumps(RECIPE | change, indent=1))
    assert isinstance(row, CorpusError)
    assert row.message == f"{path}: {reason}"


def test_a_page_with_broken_data(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    (row,) = read(path, '<script type="application/ld+json">{"@type": "Recipe", </script>')
    assert isinstance(row, CorpusError)
    assert row.message.startswith(f"{path}: JSON-LD is not JSON (")


def test_hostile_pages_end_soon(tmp_path: Path) -> None:
    opening = '<script type="application/ld+json">'
    for text in (
        opening * 100_000,
        "<script " * 200_000 + "ld+json",
        opening + "[" * 500_000 + '"Recipe"</script>',
    ):
        (row,) = read(tmp_path / "a.html", text)
        assert isinstance(row, CorpusError)
