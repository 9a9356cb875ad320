"""Which colours a recipe card wears: picked by category and taste, the same ones for the same recipe.

Every pair of text and ground keeps a contrast of at least 4.5:1 (WCAG 2.2, success criterion 1.4.3); a
test holds them to it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from core.recipe import Recipe

Colour = tuple[int, int, int]
Role = Literal[
    "header", "pattern", "glow", "on_header", "accent", "tint", "paper", "panel", "ink", "muted", "line"
]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they are for.

    Attributes:
        header: ground behind the dish's name; `pattern` is drawn over it, `glow` behind the dish.
        on_header: text on `header`.
        accent: numbers, marks and section bars on `paper` or `tint`.
        tint: ground of tags and notes.
        paper: ground of the card; `panel` that of boxes upon it.
        line: thin rules between rows.
    """

    header: Colour
    pattern: Colour
    glow: Colour
    on_header: Colour
    accent: Colour
    tint: Colour
    paper: Colour
    line: Colour
    panel: Colour = (255, 255, 255)
    ink: Colour = (46, 38, 34)
    muted: Colour = (110, 98, 90)

    def colour(self, role: Role) -> Colour:
        """The colour for `role`."""
        chosen: Colour = getattr(self, role)
        return chosen


def rgb(code: str) -> Colour:
    """`#RRGGBB` as numbers."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _dark(header: str, glow: str, accent: str) -> Palette:
    ground, tone = rgb(header), rgb(accent)
    return Palette(
        header=ground,
        pattern=mix(ground, (255, 255, 255), 0.07),
        glow=rgb(glow),
        on_header=(255, 250, 243),
        accent=tone,
        tint=mix((255, 252, 248), tone, 0.09),
        paper=mix((255, 253, 250), tone, 0.03),
        line=mix((255, 253, 250), tone, 0.16),
    )


def _pastel(header: str, glow: str, text: str, accent: str) -> Palette:
    ground, tone = rgb(header), rgb(accent)
    return Palette(
        header=ground,
        pattern=mix(ground, (255, 255, 255), 0.34),
        glow=rgb(glow),
        on_header=rgb(text),
        accent=tone,
        tint=mix((255, 252, 248), ground, 0.45),
        paper=mix((255, 254, 252), ground, 0.12),
        line=mix((255, 253, 250), tone, 0.16),
    )


PALETTES: dict[str, Palette] = {
    "chilli": _dark("#A3211B", "#C4392B", "#B92A1E"),
    "pepper": _dark("#8C1F2B", "#B03540", "#A3252F"),
    "tomato": _dark("#B8401F", "#DB6236", "#B8401F"),
    "sauce": _dark("#5E3420", "#82502F", "#8A4B23"),
    "malt": _dark("#7A4A14", "#A56B22", "#8F5614"),
    "herb": _dark("#2C6444", "#4A8A5F", "#2C7048"),
    "bamboo": _dark("#4F6420", "#74893A", "#566C1E"),
    "jade": _dark("#1D5A60", "#33828A", "#1C6870"),
    "porcelain": _dark("#264674", "#42689E", "#2A5189"),
    "plum": _dark("#6A2A4C", "#91446D", "#7E3159"),
    "peach": _pastel("#F8D3CF", "#FDE9E4", "#6B2435", "#B23A56"),
    "butter": _pastel("#F6DEAE", "#FCEFD3", "#5A3A10", "#935A12"),
    "mint": _pastel("#CBE6D6", "#E4F4EA", "#1C4B3A", "#21705A"),
    "lilac": _pastel("#DFD5EE", "#F0EAF8", "#43306B", "#6A4BA0"),
}

_BY_CATEGORY = {
    "甜品": ("peach", "lilac"),
    "烘焙": ("butter", "peach"),
    "饮品": ("mint", "lilac", "peach"),
    "宝宝辅食": ("mint", "butter"),
    "减脂餐": ("herb", "bamboo"),
}
_BY_TASTE = {
    "麻辣": ("pepper", "chilli"),
    "香辣": ("chilli", "pepper"),
    "酸辣": ("chilli", "tomato"),
    "微辣": ("tomato", "chilli"),
    "鱼香": ("tomato",),
    "咖喱": ("malt",),
    "孜然": ("malt", "sauce"),
    "酱香": ("sauce", "malt"),
    "五香": ("sauce", "malt"),
    "酸甜": ("tomato", "plum"),
    "清淡": ("herb", "jade", "bamboo"),
    "奶香": ("butter", "lilac"),
    "果香": ("plum", "peach"),
    "茶香": ("bamboo",),
    "蒜香": ("bamboo", "porcelain"),
    "葱香": ("herb", "bamboo"),
    "豆香": ("malt", "butter"),
}
_OTHERWISE = ("porcelain", "jade", "malt", "plum")


def seed_of(recipe: Recipe) -> int:
    """A number that depends on the dish's name alone: its colours stay when it is scaled."""
    return int.from_bytes(hashlib.sha256(recipe.name.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def palette_of(recipe: Recipe) -> Palette:
    """The colours of `recipe`: hot dishes are red, green ones green, sweets pastel."""
    names = _BY_CATEGORY.get(recipe.category, ())
    if not names and re.search("番茄|西红柿", recipe.name):
        names = ("tomato",)
    if not names and any("素" in word for word in (recipe.category, *recipe.keywords)):
        names = ("herb", "bamboo")
    if not names:
        names = next((_BY_TASTE[taste] for taste in _BY_TASTE if taste in recipe.tastes), ())
    if not names and any("辣" in taste for taste in recipe.tastes):
        names = _BY_TASTE["香辣"]
    names = names or _OTHERWISE
    return PALETTES[names[seed_of(recipe) % len(names)]]
