"""A sheet to draw on with smooth edges: Pillow's shapes have none, so they are drawn larger and reduced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from core.images.card_font import CardFont
from core.images.card_palette import Colour
from core.images.card_sheet import Box, Text

SCALE: Final = 4
"""Each pixel of an edge is an average of 16."""

_IDEOGRAPH_CENTRE = 0.38
"""How far the middle of a Chinese character lies above the baseline, in ems (its box is -0.12 to 0.88)."""

Point = tuple[float, float]
Painter = Callable[[ImageDraw.ImageDraw, int], None]
"""Draws in 255 on a black mask, at `SCALE` times the size; gets the scale."""


class Canvas:
    """An RGB image and what can be put on it."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.image = Image.new("RGB", (width, height), ground)
        self._draw = ImageDraw.Draw(self.image)

    def rectangle(self, box: Box, colour: Colour) -> None:
        """Fill `box`; an empty one is nothing."""
        if box.left < box.right and box.top < box.bottom:
            self._draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), fill=colour)

    def text(self, font: CardFont, item: Text, colour: Colour) -> None:
        """Set a line of text in the middle of its box's height."""
        middle = (item.box.top + item.box.bottom) / 2
        baseline = round(middle + _IDEOGRAPH_CENTRE * item.style.size)
        self._draw.text(
            (item.box.left, baseline), item.text, fill=colour, font=font.at(item.style), anchor="ls"
        )

    def painted(self, box: Box, colour: Colour, painter: Painter) -> None:
        """Fill what `painter` draws within `box`."""
        size = (box.right - box.left, box.bottom - box.top)
        mask = Image.new("L", (size[0] * SCALE, size[1] * SCALE))
        painter(ImageDraw.Draw(mask), SCALE)
        self.image.paste(colour, (box.left, box.top), mask.reduce(SCALE))

    def rounded(self, box: Box, radius: int, colour: Colour) -> None:
        """Fill `box` with round corners."""
        self.rectangle(Box(box.left + radius, box.top, box.right - radius, box.bottom), colour)
        self.rectangle(Box(box.left, box.top + radius, box.right, box.bottom - radius), colour)
        corner = Image.new("L", (2 * radius * SCALE, 2 * radius * SCALE))
        ImageDraw.Draw(corner).ellipse((0, 0, corner.width - 1, corner.height - 1), fill=255)
        disc = corner.reduce(SCALE)
        for x in (box.left, box.right - radius):
            for y in (box.top, box.bottom - radius):
                right, lower = x != box.left, y != box.top
                part = (radius * right, radius * lower, radius * (right + 1), radius * (lower + 1))
                self.image.paste(colour, (x, y), disc.crop(part))

    def shadow(self, box: Box, radius: int, *, blur: int = 14, drop: int = 8, strength: float = 0.16) -> None:
        """Darken softly around and below `box`."""
        grown = Box(box.left - 2 * blur, box.top - blur, box.right + 2 * blur, box.bottom + 2 * blur + drop)
        size = (grown.right - grown.left, grown.bottom - grown.top)
        small = Image.new("L", (size[0] // 2, size[1] // 2))
        inner = (blur, (blur + drop) // 2, small.width - blur, small.height - blur)
        ImageDraw.Draw(small).rounded_rectangle(inner, radius // 2, fill=round(255 * strength))
        mask = small.filter(ImageFilter.GaussianBlur(blur / 2)).resize(size, Image.Resampling.BILINEAR)
        self.image.paste((40, 20, 10), (grown.left, grown.top), mask)


def soft_polygon(
    draw: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour | int, radius: float
) -> None:
    """A polygon grown by `radius`, so that its corners are round."""
    draw.polygon(points, fill=colour)
    if radius < 1:
        return
    for one, other in zip(points, [*points[1:], points[0]], strict=True):
        draw.line((one, other), fill=colour, width=round(2 * radius))
    for x, y in points:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def soft_line(draw: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour | int, width: float) -> None:
    """A line with round joints and ends."""
    draw.line(list(points), fill=colour, width=round(width), joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)
