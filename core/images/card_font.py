"""Setting Chinese text: one font in several sizes and weights, its coverage, widths, and line breaks.

Lines break as in 《中文排版需求》 (https://www.w3.org/TR/clreq/, prohibition rules): no closing punctuation
at the start of a line, no opening one at its end; numbers stay with their units.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont

FONT_PACKAGE = "manimgx_fonts_cjk"
FONT_FILE = "NotoSansCJK-VF.otf.ttc"
SIMPLIFIED_CHINESE = 2
"""Face of the collection that draws characters as they are written on the mainland."""

ELLIPSIS = "…"
MAX_CHARACTERS = 400
"""No text of a card can show more; longer ones are cut before they cost any time."""

_CLOSING = "，。、；：！？）」』》】〉〕”’…,.;:!?)\\]}%％℃°~～"
_OPENING = "（「『《【〈〔“‘(\\[{"
_ATOM = re.compile(
    rf"[{_OPENING}]{{0,3}}"
    r"(?:[0-9]+(?:[.~～/–-][0-9]+)*(?:毫升|分钟|厘米|小时|[克秒度个根片勺只颗瓣块人])?|[A-Za-z]+|.)"
    rf"[{_CLOSING}]{{0,4}}"
)
_CLAUSE_END = re.compile(r"[，。、；：！？,;]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"})
_PROBE_SIZE = 24


class Style(NamedTuple):
    """Size in pixels and weight (100 thin to 900 black)."""

    size: int
    weight: int = 400


class CardFont:
    """The font in the styles that one card needs.

    Opening a style takes 0.2 ms, for the file is mapped and not read; so a `CardFont` lives as long as one
    drawing, and nothing of it stays in memory. Not safe to share between threads.
    """

    def __init__(self) -> None:
        self._path = _font_path()
        self._styles: dict[Style, ImageFont.FreeTypeFont] = {}

    def at(self, style: Style) -> ImageFont.FreeTypeFont:
        """The font in one style."""
        font = self._styles.get(style)
        if font is None:
            font = ImageFont.truetype(
                self._path, style.size, index=SIMPLIFIED_CHINESE, layout_engine=ImageFont.Layout.BASIC
            )
            font.set_variation_by_axes([style.weight])
            self._styles[style] = font
        return font

    def width(self, text: str, style: Style) -> int:
        """Advance width of a line of clean text in pixels, rounded up."""
        return int(-(-self.at(style).getlength(text) // 1))

    def clean(self, text: str) -> str:
        """`text` on one line, without what the font cannot draw; bounded in length."""
        cut = text[:MAX_CHARACTERS] + ELLIPSIS if len(text) > MAX_CHARACTERS else text
        composed = unicodedata.normalize("NFC", re.sub(r"\s+", " ", cut))
        kept = (c for c in composed if unicodedata.category(c) not in _UNSEEN and _is_drawable(c))
        return re.sub(r" {2,}", " ", "".join(kept)).strip()

    def wrap(self, text: str, style: Style, width: int) -> list[str]:
        """Break clean text into lines of at most `width` pixels."""
        lines, line, room = [], "", float(width)
        for atom in self._atoms(text, style, width):
            advance = self.at(style).getlength(atom)
            if line and advance > room:
                lines.append(line.rstrip())
                line, room = "", float(width)
                atom = atom.lstrip()  # noqa: PLW2901 - a line does not begin with a space
                advance = self.at(style).getlength(atom)
            line += atom
            room -= advance
        return [*lines, line] if line else lines

    def shorten(self, text: str, style: Style, width: int, max_lines: int) -> list[str]:
        """Break clean text into at most `max_lines` lines; what is left out is shown by an ellipsis.

        The text ends after a clause if one ends in the second half of the room.
        """
        lines = self.wrap(text, style, width)
        if len(lines) <= max_lines:
            return lines
        shown = "".join(lines[:max_lines])
        ends = [match.start() for match in _CLAUSE_END.finditer(shown[:-1])]
        if ends and ends[-1] >= len(shown) // 2:
            shown = shown[: ends[-1]]
        shown = shown.rstrip(" ，。、；：！？,;…")
        while shown and len(self.wrap(shown + ELLIPSIS, style, width)) > max_lines:
            shown = shown[:-1].rstrip(" ，。、；：！？,;…")
        return self.wrap(shown + ELLIPSIS, style, width)

    def fit(self, text: str, style: Style, width: int) -> str:
        """Clean text on one line of at most `width` pixels."""
        if self.width(text, style) <= width:
            return text
        return next(iter(self.shorten(text, style, width, 1)), "")

    def balanced(self, text: str, style: Style, width: int) -> list[str]:
        """Like `wrap`, with lines of about the same length."""
        lines = self.wrap(text, style, width)
        if len(lines) < 2:
            return lines
        narrow, wide = width // 2, width
        while wide - narrow > style.size // 4:
            middle = (narrow + wide) // 2
            if len(self.wrap(text, style, middle)) > len(lines):
                narrow = middle
            else:
                wide = middle
        return self.wrap(text, style, wide)

    def _atoms(self, text: str, style: Style, width: int) -> list[str]:
        """Pieces that should not be broken; one that is wider than a line is broken all the same."""
        atoms: list[str] = []
        for atom in _ATOM.findall(text):
            atoms += [atom] if self.at(style).getlength(atom) <= width else list(atom)
        return atoms


@cache
def _font_path() -> Path:
    """Where the installed font is.

    Raises:
        FileNotFoundError: the package is missing or holds no font.
    """
    spec = importlib.util.find_spec(FONT_PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / FONT_FILE
        if path.is_file():
            return path
    raise FileNotFoundError(f"the card font {FONT_FILE} is missing: pip install manimgx-fonts-cjk")


@lru_cache(maxsize=8192)
def _is_drawable(character: str) -> bool:
    """Whether the font has a glyph of its own for `character`: it looks unlike that of a noncharacter."""
    if character.isspace():
        return True
    return bytes(_probe().getmask(character)) != _missing_glyph()


@cache
def _probe() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(
        _font_path(), _PROBE_SIZE, index=SIMPLIFIED_CHINESE, layout_engine=ImageFont.Layout.BASIC
    )


@cache
def _missing_glyph() -> bytes:
    return bytes(_probe().getmask("\U0010ffff"))
