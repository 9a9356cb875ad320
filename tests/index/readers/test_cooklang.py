"""Cooklang: what is read of a .cook file."""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePath

import pytest

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers import cooklang, read_corpus
from index.readers.rows import Place

PAGE = """---
title: 番茄炒蛋
servings: 2
tags: [家常, 快手]
author: 小王
---
>> time: 1h 15min
-- 这是注释
把@鸡蛋{3%个}打散，
加@盐{2%g}。 -- 少放

== 炒 ==
用#炒锅{}热@食用 油{1%汤匙}，炒~{2%分钟}，放@番茄{2}(切块)和@葱花。[- 块
注释 -]
> 趁热吃。
"""


def read(text: str, name: str = "家常/番茄.cook") -> Recipe:
    return cooklang.read_text(text, Place(name, PurePath(name)))


def ingredients(text: str) -> list[tuple[str, str]]:
    return [(item.name, item.amount) for item in read(text).ingredients]


def test_a_whole_recipe() -> None:
    recipe = read(PAGE)
    assert (recipe.name, recipe.servings, recipe.minutes, recipe.keywords) == (
        "番茄炒蛋",
        2,
        75,
        ("家常", "快手"),
    )
    assert [(item.name, item.amount) for item in recipe.ingredients] == [
        ("鸡蛋", "3个"),
        ("盐", "2g"),
        ("食用 油", "1汤匙"),
        ("番茄", "2（切块）"),
        ("葱花", ""),
    ]
    assert recipe.steps == ("把鸡蛋打散， 加盐。", "【炒】用炒锅热食用 油，炒2分钟，放番茄（切块）和葱花。")
    assert (recipe.tips, recipe.source, recipe.allergens) == (("趁热吃。",), "小王", ("鸡蛋",))


def test_the_file_names_a_recipe_without_a_title() -> None:
    recipe = read("煮@水{1%升}。")
    assert (recipe.name, recipe.source) == ("番茄", "Cooklang · 番茄.cook")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Add @salt and @ground black pepper{}.", [("salt", ""), ("ground black pepper", "")]),
        ("@milk{1/2%cup} @flour{=200%g}", [("milk", "1/2 cup"), ("flour", "200g")]),
        ("@?欧芹{少许} @&面团{}", [("欧芹", "少许"), ("面团", "")]),
        ("@white wine|wine{100%ml}", [("white wine", "100ml")]),
        ("mail me @ home, 50% off", []),
        ("@盐{1%g} 再放@盐{1%g}", [("盐", "1g")]),
    ],
)
def test_ingredients(text: str, found: list[tuple[str, str]]) -> None:
    assert ingredients(text) == found


@pytest.mark.parametrize("text", ["", "---\ntitle: 空\n---\n", "== 炒 ==\n\n== 煮 ==\n", "-- 只有注释"])
def test_without_steps(text: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="has no steps"):
        read(text)
    path = tmp_path / "空.cook"
    path.write_text(text, encoding="utf-8")
    (row,) = read_corpus(path)
    assert isinstance(row, CorpusError)
    assert row.message == f"{path}: has no steps: Cooklang needs a paragraph of text for each"


@pytest.mark.parametrize(
    "text", ["@" * 50_000, "@a{" * 20_000, "[-" * 50_000, "=" * 100_000 + "x", "--" * 50_000]
)
def test_hostile_text_ends_soon(text: str) -> None:
    with contextlib.suppress(CorpusError):
        assert read(text).name == "番茄"
