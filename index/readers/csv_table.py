"""Tables of recipes: CSV with a row of column names in Chinese or English, delimiter and encoding told.

Cells of ingredients and steps may hold lines, a JSON or Python list, or a text with ；, | or numbers
between its items. Several columns of ingredients (主料, 辅料) are put together.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from core.errors import CorpusError
from core.recipe import Recipe
from index.encodings import beginning_of, encoding_of
from index.readers.fields import recipe_from_lines
from index.readers.rows import Place, Row, RowError
from index.readers.xtuner import list_literal

_COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("菜名", "名称", "菜谱名称", "菜品名称", "菜品", "菜谱", "标题", "名字", "菜肴",
             "name", "title", "recipe", "recipename", "dish"),
    "ingredients": (
        "食材", "用料", "配料", "原料", "材料", "主料", "辅料", "调料", "食材清单", "所需食材", "主要食材",
        "ingredients", "ingredient", "recipeingredient", "ingredientlist",
    ),
    "steps": (
        "步骤", "做法", "制作步骤", "烹饪步骤", "操作步骤", "制作方法", "方法", "操作",
        "steps", "instructions", "directions", "method", "recipeinstructions", "preparation",
    ),
    "aliases": ("别名", "又名", "aliases", "alias"),
    "category": ("分类", "类别", "类型", "category", "course", "type"),
    "cuisine": ("菜系", "cuisine"),
    "tastes": ("口味", "味道", "taste", "tastes", "flavour", "flavor"),
    "minutes": ("时间", "用时", "耗时", "分钟", "烹饪时间", "总时间",
                "minutes", "time", "totaltime", "cookingtime"),
    "servings": ("份量", "人数", "份数", "几人份", "servings", "serves", "yield"),
    "difficulty": ("难度", "difficulty"),
    "keywords": ("关键词", "关键字", "标签", "keywords", "tags"),
    "tips": ("小贴士", "贴士", "提示", "备注", "tips", "notes"),
    "source": ("来源", "作者", "出处", "source", "author", "url", "link"),
}  # fmt: skip
_FIELD_OF = {column: field for field, columns in _COLUMNS.items() for column in columns}
_DELIMITERS = ",\t;|，"
_NUMBERED = re.compile(r"(?:(?:^|(?<=[\s。；;.!！]))\s*第?\d{1,2}步?[.、．)）:：](?!\d)|[①-⑳])\s*")
_NUMBER = re.compile(r"\d{1,4}")
_LINE_ENDS = re.compile(r"[\r\n]+|[；;|]")
_COMMAS = re.compile(r"[、，,]")


def read(stream: io.BufferedReader, place: Place) -> Iterator[Row]:
    """Read a recipe a row."""
    head = stream.peek()
    encoding = encoding_of(head) or "utf-8"
    text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
    try:
        rows = csv.reader(text, delimiter=_delimiter_of(beginning_of(head)))
        header = next(rows, [])
        fields = [_FIELD_OF.get(_plain(column)) for column in header]
        if "name" not in fields:
            yield RowError(place.shown, f"has no column for the name; its columns are {_shown(header)}")
            return
        yield from _read_rows(rows, fields, place)
    except csv.Error as exc:
        yield RowError(f"{place.shown}:{rows.line_num}", f"not CSV ({exc})")
    finally:
        text.detach()  # the stream is not ours to close


def _read_rows(rows: Iterator[list[str]], fields: Sequence[str | None], place: Place) -> Iterator[Row]:
    for cells in rows:
        where = f"{place.shown}:{rows.line_num}"  # type: ignore[attr-defined]  # a csv.reader
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(fields):
            yield RowError(where, f"has {len(cells)} cells for {len(fields)} columns")
            continue
        try:
            yield _to_recipe(_by_field(cells, fields), f"{place.name} 第{rows.line_num}行")  # type: ignore[attr-defined]
        except CorpusError as exc:
            yield RowError(where, exc.message)


def _by_field(cells: Sequence[str], fields: Sequence[str | None]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {field: [] for field in _COLUMNS}
    for cell, field in zip(cells, fields, strict=False):
        if field and cell.strip():
            known[field].append(cell.strip())
    return known


def _to_recipe(known: Mapping[str, Sequence[str]], source: str) -> Recipe:
    if any("\ufffd" in cell for cells in known.values() for cell in cells):
        raise CorpusError("holds bytes that are not in the file's encoding")
    if not known["name"]:
        raise CorpusError("name is empty")
    return recipe_from_lines(
        name=known["name"][0],
        ingredients=[item for cell in known["ingredients"] for item in _items(cell, _COMMAS)],
        steps=[item for cell in known["steps"] for item in _items(cell, _NUMBERED)],
        source=" · ".join([source, *known["source"]]),
        aliases=tuple(item for cell in known["aliases"] for item in _items(cell, _COMMAS)),
        category="、".join(known["category"]),
        cuisine="、".join(known["cuisine"]),
        tastes=tuple(item for cell in known["tastes"] for item in _items(cell, _COMMAS)),
        keywords=tuple(item for cell in known["keywords"] for item in _items(cell, _COMMAS)),
        tips=tuple(known["tips"]),
        minutes=_number(known["minutes"]),
        servings=_number(known["servings"]),
        difficulty=min(_number(known["difficulty"]) or 0, 5) or None,
    )


def _items(cell: str, last_resort: re.Pattern[str]) -> list[str]:
    """The items of a cell: a list, lines, or what `last_resort` parts."""
    if cell.startswith("[") and cell.endswith("]"):
        try:
            values = json.loads(cell)
        except (ValueError, RecursionError):
            return list_literal(cell, "cell")
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            return [value.strip() for value in values if value.strip()]
    parts = [part for part in _LINE_ENDS.split(cell) if part.strip()]
    if len(parts) == 1:
        parts = last_resort.split(cell)
    return [item for part in parts if (item := _NUMBERED.sub("", part.strip(), count=1).strip())]


def _delimiter_of(head: str) -> str:
    """The sign that parts the columns of the first line."""
    first = head.split("\n", 1)[0]
    return max(_DELIMITERS, key=first.count)


def _plain(column: str) -> str:
    """A column's name without case, spaces and brackets: 「Recipe Name (zh)」 is recipename."""
    return re.sub(r"[（(].*|[\s_\-]", "", column.lstrip("\ufeff").lower())


def _shown(header: Sequence[str]) -> str:
    return ", ".join(column.strip()[:30] or "(empty)" for column in header[:20]) or "none"


def _number(cells: Sequence[str]) -> int | None:
    found = _NUMBER.search(cells[0]) if cells else None
    return int(found[0]) or None if found else None
