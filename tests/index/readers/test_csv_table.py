"""Tables of recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers import read_corpus


def rows_of(path: Path, text: str, encoding: str = "utf-8") -> list[Recipe | CorpusError]:
    path.write_bytes(text.encode(encoding))
    return list(read_corpus(path))


def recipe_of(path: Path, text: str, encoding: str = "utf-8") -> Recipe:
    (row,) = rows_of(path, text, encoding)
    assert isinstance(row, Recipe)
    return row


def messages(path: Path, text: str) -> list[str]:
    return [
        row.name if isinstance(row, Recipe) else row.message.removeprefix(f"{path.parent}/")
        for row in rows_of(path, text)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = "\r\n".join(
        delimiter.join(cells)
        for cells in (["菜名", "用料", "做法"], ["红烧肉", "五花肉500克、冰糖30克", "切块"])
    )
    recipe = recipe_of(tmp_path / "a.csv", text, encoding)
    assert (recipe.name, recipe.steps, recipe.source) == ("红烧肉", ("切块",), "a.csv 第2行")
    assert [(item.name, item.amount) for item in recipe.ingredients] == [
        ("五花肉", "500克"),
        ("冰糖", "30克"),
    ]


def test_all_columns(tmp_path: Path) -> None:
    text = (
        "名称,主料,辅料,步骤,分类,菜系,口味,时间（分钟）,份量,难度,标签,小贴士,作者,网址\n"
        '麻婆豆腐,豆腐 1块,"盐\n花椒",1. 切块 2. 炒香,热菜,川菜,麻辣,约20分钟,2人份,3,"下饭,家常",趁热,王,http://x\n'
    )
    recipe = recipe_of(tmp_path / "a.csv", text)
    assert [(item.name, item.amount) for item in recipe.ingredients] == [
        ("豆腐", "1块"),
        ("盐", ""),
        ("花椒", ""),
    ]
    assert (recipe.steps, recipe.category, recipe.cuisine, recipe.tastes) == (
        ("切块", "炒香"),
        "热菜",
        "川菜",
        ("麻辣",),
    )
    assert (recipe.minutes, recipe.servings, recipe.difficulty) == (20, 2, 3)
    assert (recipe.keywords, recipe.tips, recipe.source) == (("下饭", "家常"), ("趁热",), "a.csv 第3行 · 王")


@pytest.mark.parametrize(
    ("cell", "steps"),
    [
        ('"[""一"", ""二""]"', ("一", "二")),
        ("\"['一', '二']\"", ("一", "二")),
        ('"一\n二"', ("一", "二")),
        ("一；二", ("一", "二")),
        ("1. 一 2. 二", ("一", "二")),
        ("①一②二", ("一", "二")),
        ("加0.5克盐", ("加0.5克盐",)),
    ],
)
def test_lists_within_a_cell(tmp_path: Path, cell: str, steps: tuple[str, ...]) -> None:
    assert recipe_of(tmp_path / "a.csv", f"name,steps\n饼,{cell}\n").steps == steps


def test_english_names_of_columns(tmp_path: Path) -> None:
    text = 'Recipe Name,Ingredients,Directions\nPancakes,"2 eggs, flour",Mix.\n'
    recipe = recipe_of(tmp_path / "a.csv", text)
    assert (recipe.name, [item.name for item in recipe.ingredients]) == ("Pancakes", ["2 eggs", "flour"])


class TestBroken:
    def test_no_column_for_the_name(self, tmp_path: Path) -> None:
        assert messages(tmp_path / "a.csv", "编号,热量,\n1,2,3\n") == [
            "a.csv: has no column for the name; its columns are 编号, 热量, (empty)"
        ]
        assert messages(tmp_path / "b.csv", "") == ["b.csv: has no column for the name; its columns are none"]

    def test_rows(self, tmp_path: Path) -> None:
        good, short, long = "一,盐,炒\n", "四,盐\n", "三,盐,炒,多,了\n"
        text = f"菜名,用料,做法\n{good},盐,炒\n二,,\n{long}\n{short}五,\"[[[\",['炒', 1]\n六,盐,炒\n"
        assert messages(tmp_path / "a.csv", text) == [
            "一",
            "a.csv:3: name is empty",
            "a.csv:4: neither ingredients nor steps",
            "a.csv:5: has 5 cells for 3 columns",
            "四",
            "a.csv:8: has 4 cells for 3 columns",
            "六",
        ]

    def test_a_quote_that_never_ends(self, tmp_path: Path) -> None:
        text = '菜名,做法\n一,"炒\n' + "长" * 200_000
        assert messages(tmp_path / "a.csv", text) == [
            "a.csv:3: not CSV (field larger than field limit (131072))"
        ]

    def test_python_lists_are_not_run(self, tmp_path: Path) -> None:
        text = "菜名,做法\n一,[__import__('os').getcwd()]\n"
        assert messages(tmp_path / "a.csv", text) == ["a.csv:2: cell: not a list of strings"]

    def test_bytes_of_another_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        good = "菜名,做法\n" + f"饼,{'炒' * 300}\n" * 300
        path.write_bytes(good.encode() + b"\xb1\xfd\xff,x\n")
        *_, last = list(read_corpus(path))
        assert isinstance(last, CorpusError)
        assert last.message == f"{path}:302: holds bytes that are not in the file's encoding"
