"""The small drawings on a recipe card: a mask painter for each mark, in a square of 44 units or so."""

from __future__ import annotations

import math
from functools import partial

from PIL import ImageDraw

from core.images.card_canvas import Canvas, Painter, soft_line, soft_polygon
from core.images.card_palette import Palette, mix
from core.images.card_sheet import Box, Mark


def draw_mark(canvas: Canvas, mark: Mark, palette: Palette) -> None:
    """Draw `mark` in its colour."""
    colour = palette.colour(mark.role)
    if mark.kind == "rule":
        canvas.rectangle(mark.box, colour)
    elif mark.kind == "dots":
        for number in range(5):
            left = mark.box.left + number * 20
            box = Box(left, mark.box.top, left + 16, mark.box.top + 16)
            ground = colour if number < mark.level else mix(palette.panel, colour, 0.2)
            canvas.painted(box, ground, partial(_disc, size=16))
    elif mark.kind == "bar":
        canvas.rounded(mark.box, (mark.box.right - mark.box.left) // 2, colour)
    elif mark.kind == "seal":
        canvas.rounded(mark.box, 12, colour)
    else:
        size = mark.box.right - mark.box.left
        painter: Painter = partial(_PAINTERS[mark.kind], size=size)
        canvas.painted(mark.box, colour, painter)


def _disc(draw: ImageDraw.ImageDraw, scale: int, *, size: int) -> None:
    draw.ellipse((0, 0, size * scale - 1, size * scale - 1), fill=255)


def _people(draw: ImageDraw.ImageDraw, scale: int, *, size: int) -> None:
    """Two heads with shoulders, the nearer one cut free of the other."""
    unit = size * scale / 44
    for x, fill, grow in ((29, 255, 0), (17, 0, 3), (17, 255, 0)):
        draw.ellipse(_around(x, 13, 7.5 + grow, unit), fill=fill)
        draw.pieslice(_around(x, 38, 14 + grow, unit), 180, 360, fill=fill)


def _clock(draw: ImageDraw.ImageDraw, scale: int, *, size: int) -> None:
    unit = size * scale / 44
    draw.ellipse(_around(22, 22, 19, unit), fill=255)
    draw.ellipse(_around(22, 22, 15, unit), fill=0)
    soft_line(draw, [(22 * unit, 12 * unit), (22 * unit, 23 * unit), (29 * unit, 27 * unit)], 255, 3.6 * unit)


def _flame(draw: ImageDraw.ImageDraw, scale: int, *, size: int) -> None:
    """A drop that leans, with a smaller one cut out of it."""
    unit = size * scale / 44
    for centre, radius, tip, fill in (((22, 27), 14, (24, 3), 255), ((22, 32), 7, (23, 18), 0)):
        points = [(tip[0] * unit, tip[1] * unit)]
        for degrees in range(-35, 216, 10):
            angle = math.radians(degrees)
            x, y = centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)
            points.append((x * unit, y * unit))
        soft_polygon(draw, points, fill, unit if fill else 0)


def _warning(draw: ImageDraw.ImageDraw, scale: int, *, size: int) -> None:
    unit = size * scale / 44
    soft_polygon(draw, [(22 * unit, 7 * unit), (39 * unit, 36 * unit), (5 * unit, 36 * unit)], 255, 4 * unit)
    soft_line(draw, [(22 * unit, 16 * unit), (22 * unit, 25 * unit)], 0, 4.4 * unit)
    draw.ellipse(_around(22, 32.5, 2.6, unit), fill=0)


def _bulb(draw: ImageDraw.ImageDraw, scale: int, *, size: int) -> None:
    unit = size * scale / 44
    draw.ellipse(_around(22, 17, 14, unit), fill=255)
    neck = ((12, 26), (32, 26), (28, 34), (16, 34))
    draw.polygon([(x * unit, y * unit) for x, y in neck], fill=255)
    soft_line(draw, [(17 * unit, 38.5 * unit), (27 * unit, 38.5 * unit)], 255, 4 * unit)
    draw.arc(_around(22, 17, 9, unit), 190, 265, fill=0, width=round(2.6 * unit))


def _around(x: float, y: float, radius: float, unit: float) -> tuple[float, float, float, float]:
    return (x - radius) * unit, (y - radius) * unit, (x + radius) * unit, (y + radius) * unit


_PAINTERS = {
    "disc": _disc,
    "people": _people,
    "clock": _clock,
    "flame": _flame,
    "warning": _warning,
    "bulb": _bulb,
}
