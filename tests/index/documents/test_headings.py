"""Recipes out of plain text by its headings."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import CorpusError
from core.recipe import Recipe
from index.documents.headings import recipes_by_headings
from index.documents.pages import Page
from index.readers import read_corpus
from tests.index.documents.files import write_docx, write_pdf, write_pictures_pdf

BOOK = [
    "家常菜大全\n目录\n番茄炒蛋 1\n红烧肉 2\n1",
    "家常菜大全\n番茄炒蛋\n用料\n番茄 2个\n鸡蛋 3个、盐 2克\n做法\n1. 番茄切块，\n鸡蛋打散。\n2. 炒熟。\n2",
    (
        "家常菜大全\n第二章 肉菜\n红烧肉\n难度：★★\n【食材】五花肉500克，冰糖30克\n【步骤】\n"
        "切块焯水。\n炖一小时\n收汁。\n小贴士：\n选三层肉。\n3"
    ),
    "家常菜大全\n续页的一句话。\n4",
]


def found(*pages: str) -> list[tuple[str, list[tuple[str, str]], tuple[str, ...], str]]:
    numbered = [Page(number, text) for number, text in enumerate(pages, start=1)]
    return [
        (row.name, [(item.name, item.amount) for item in row.ingredients], row.steps, row.source)
        for row in recipes_by_headings(numbered, "家常菜")
        if isinstance(row, Recipe)
    ]


def test_a_book() -> None:
    assert found(*BOOK) == [
        (
            "番茄炒蛋",
            [("番茄", "2个"), ("鸡蛋", "3个"), ("盐", "2克")],
            ("番茄切块，鸡蛋打散。", "炒熟。"),
            "《家常菜》第 2 页",
        ),
        (
            "红烧肉",
            [("五花肉", "500克"), ("冰糖", "30克")],
            ("切块焯水。", "炖一小时收汁。"),
            "《家常菜》第 3 页",
        ),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# 红烧肉的做法\n## 用料\n- 五花肉 500克\n## 做法\n- 炖熟。",
        "红烧肉\n\n主料：五花肉 500克\n做法：炖熟。",
        "红烧肉\n■ 材料\n五花肉 500克\n■ 作法\n① 炖熟。",
        "红烧肉\n一、食材：\n• 五花肉 500克\n二、步骤：\n第一步：炖熟。",
    ],
)
def test_ways_to_write_a_recipe(text: str) -> None:
    assert found(text) == [("红烧肉", [("五花肉", "500克")], ("炖熟。",), "《家常菜》第 1 页")]


def test_a_document_without_pages_has_only_its_title() -> None:
    (row,) = recipes_by_headings([Page(0, "红烧肉\n用料\n肉\n做法\n炖。")], "家常菜")
    assert isinstance(row, Recipe)
    assert row.source == "《家常菜》"


def test_english() -> None:
    name, ingredients, steps, _ = found(
        "Pancakes\nIngredients\n- 2 eggs\nDirections\n1. Mix.\n2. Fry it\nwell."
    )[0]
    assert (name, ingredients, steps) == ("Pancakes", [("2 eggs", "")], ("Mix.", "Fry it well."))


@pytest.mark.parametrize("text", ["", "一段散文，没有菜谱。", "用料\n做法\n", "用料：盐\n做法：炒"])
def test_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("write", [write_pdf, write_docx])
def test_files_are_read_like_any_corpus(tmp_path: Path, write: object) -> None:
    lines = ["红烧肉", "用料", "五花肉 500克", "做法", "炖熟。"]
    path = (
        write_pdf(tmp_path / "菜.pdf", ["\n".join(lines)])
        if write is write_pdf
        else write_docx(tmp_path / "菜.docx", lines)
    )
    (row,) = read_corpus(path)
    assert isinstance(row, Recipe)
    assert (row.name, row.source) == ("红烧肉", "《菜》第 1 页" if path.suffix == ".pdf" else "《菜》")


def test_what_cannot_be_read_is_one_row(tmp_path: Path) -> None:
    write_pictures_pdf(tmp_path / "a.pdf", 1)
    (tmp_path / "b.txt").write_text("一段散文。", encoding="utf-8")
    messages = [row.message for row in read_corpus(tmp_path) if isinstance(row, CorpusError)]
    assert [message.removeprefix(f"{tmp_path}/")[:30] for message in messages] == [
        "a.pdf: holds only pictures (1 ",
        "b.txt: no recipe found by head",
    ]
