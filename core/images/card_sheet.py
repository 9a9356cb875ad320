"""What a laid-out recipe card consists of: texts, panels and marks in their boxes, nothing drawn yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from core.images.card_font import CardFont, Style
from core.images.card_palette import Role

WIDTH = 1080
MAX_HEIGHT = 1920
MARGIN = 64
INNER = WIDTH - 2 * MARGIN

MarkKind = Literal["people", "clock", "flame", "dots", "bar", "warning", "bulb", "seal", "disc", "rule"]


class Box(NamedTuple):
    """A rectangle in pixels; right and bottom lie just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, centred in the height of its box."""

    box: Box
    text: str
    style: Style
    role: Role


@dataclass(frozen=True, slots=True)
class Panel:
    """A rounded rectangle, with a soft shadow if `raised`."""

    box: Box
    radius: int
    role: Role
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A small drawing that fills its box; `level` of 5 for `dots`."""

    kind: MarkKind
    box: Box
    role: Role
    level: int = 0


Item = Text | Panel | Mark


@dataclass(slots=True)
class Sheet:
    """A card in the making: items so far, and how far down it is filled."""

    font: CardFont
    items: list[Item] = field(default_factory=list)
    y: int = 0
    header_height: int = 0

    def text(self, x: int, y: int, text: str, style: Style, role: Role, *, height: int = 0) -> int:
        """Add a line at (x, y); returns its right edge."""
        right = x + self.font.width(text, style)
        if text:
            self.items.append(Text(Box(x, y, right, y + (height or line_height(style))), text, style, role))
        return right

    def text_to(self, right: int, y: int, text: str, style: Style, role: Role, *, height: int = 0) -> int:
        """Add a line that ends at `right`; returns its left edge."""
        left = right - self.font.width(text, style)
        self.text(left, y, text, style, role, height=height)
        return left

    def text_amid(self, box: Box, text: str, style: Style, role: Role) -> None:
        """Add a line in the middle of `box`."""
        x = (box.left + box.right - self.font.width(text, style)) // 2
        self.text(x, box.top, text, style, role, height=box.bottom - box.top)

    def mark(
        self, kind: MarkKind, x: int, y: int, size: tuple[int, int], role: Role, *, level: int = 0
    ) -> None:
        """Add a mark of `size` (width, height) at (x, y)."""
        self.items.append(Mark(kind, Box(x, y, x + size[0], y + size[1]), role, level))

    def heading(self, title: str, note: str) -> None:
        """Begin a section."""
        self.mark("bar", MARGIN, self.y + 8, (8, 34), "accent")
        self.text(MARGIN + 24, self.y, title, Style(38, 800), "ink", height=50)
        self.text_to(WIDTH - MARGIN, self.y, note, Style(26), "muted", height=50)
        self.y += 62


def line_height(style: Style) -> int:
    """Height of a line: half as much again as its letters, less for large ones."""
    return round(style.size * (1.2 if style.size >= 48 else 1.45))


def cleaned(font: CardFont, texts: Sequence[str], limit: int) -> list[str]:
    """The first `limit` texts that have anything to show."""
    shown: list[str] = []
    for text in texts:
        if len(shown) == limit:
            break
        clean = font.clean(text)
        if clean:
            shown.append(clean)
    return shown
