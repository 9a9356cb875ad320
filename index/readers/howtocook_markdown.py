"""HowToCook (https://github.com/Anduin2017/HowToCook, public domain): one Markdown file a dish.

`# X的做法`, then `## 必备原料和工具`, `## 计算` (amounts), `## 操作` (steps), `## 附加内容` (notes).
"""

from __future__ import annotations

import re

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers.fields import recipe_from_lines
from index.readers.rows import Place

_CATEGORIES = {
    "aquatic": "热菜",
    "breakfast": "早餐",
    "condiment": "调料",
    "dessert": "甜品",
    "drink": "饮品",
    "meat_dish": "热菜",
    "semi-finished": "热菜",
    "soup": "汤羹",
    "staple": "主食",
    "vegetable_dish": "热菜",
}
_OWN_SECTION = re.compile(r"^##\s*(?:必备原料和工具|计算|操作)\s*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})\s*(.+?)\s*#*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.、)])\s+(.*)$")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"\*\*|__|`|<[^>]{1,40}>")
_BOILERPLATE = "如果您遵循本指南"


def read_text(text: str, place: Place) -> Recipe:
    """Read the one recipe of a page.

    Raises:
        CorpusError: it has no title, or nothing below it.
    """
    title, sections = _sections(text)
    if not title:
        raise CorpusError("has no # heading")
    amounts = _items(sections.get("计算", []))
    needed = _items(sections.get("必备原料和工具", []))
    steps = _items(sections.get("操作", [])) or [
        _plain(line) for line in sections.get("操作", []) if _plain(line)
    ]
    stars = re.search(r"难度[:：]\s*(★+)", text)
    folders = place.inner.parts[:-1]
    return recipe_from_lines(
        name=title.removesuffix("的做法").strip(),
        ingredients=amounts or needed,
        steps=steps,
        source=f"HowToCook · {place.name}",
        category=next((_CATEGORIES[folder] for folder in folders if folder in _CATEGORIES), ""),
        difficulty=min(len(stars[1]), 5) if stars else None,
        tips=tuple(tip for tip in _items(sections.get("附加内容", [])) if _BOILERPLATE not in tip),
    )


def is_howtocook(text: str) -> bool:
    """Whether a page has HowToCook's sections."""
    return bool(_OWN_SECTION.search(text))


def _sections(text: str) -> tuple[str, dict[str, list[str]]]:
    """The title, and the lines below each second-level heading."""
    title, current = "", ""
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading and len(heading[1]) == 1 and not title:
            title = _plain(heading[2])
        elif heading and len(heading[1]) == 2:
            current = _plain(heading[2])
        elif not heading:
            sections.setdefault(current, []).append(line)
    return title, sections


def _items(lines: list[str]) -> list[str]:
    """List items in order; an indented item continues the one above it."""
    items: list[str] = []
    for line in lines:
        item = _ITEM.match(line)
        text = _plain(item[1] if item else line)
        if not text:
            continue
        if item and not line.startswith((" ", "\t")):
            items.append(text)
        elif items and (item or line.startswith((" ", "\t"))):
            items[-1] = f"{items[-1]} {text}"
    return [text for text in items if text]


def _plain(markdown: str) -> str:
    text = _LINK.sub(r"\1", _IMAGE.sub("", markdown))
    return _EMPHASIS.sub("", text).strip().lstrip(">").strip()
