"""A recipe card as a PNG file: laid out, coloured, drawn."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass

from PIL import Image

from core.images.card_canvas import Canvas
from core.images.card_dish import header
from core.images.card_font import CardFont
from core.images.card_layout import lay_out
from core.images.card_marks import draw_mark
from core.images.card_palette import palette_of, seed_of
from core.images.card_sheet import WIDTH, Mark, Panel, Text
from core.recipe import Recipe

_COMPRESSION = 4
"""zlib level: a card of 256 colours takes 135 KB at 4 and at 6, at 4 in two thirds of the time."""

_ONE_AT_A_TIME = threading.Lock()
"""A drawing takes up to 96 MB for as long as it lasts."""


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """A finished card."""

    png: bytes
    width: int
    height: int


def draw_card(recipe: Recipe) -> DrawnCard:
    """Draw the card of `recipe`. Blocking, about 0.2 s; of several threads one draws and the others wait.

    Raises:
        OSError: the font is missing or cannot be read.
    """
    with _ONE_AT_A_TIME:
        return _draw(recipe)


def _draw(recipe: Recipe) -> DrawnCard:
    font = CardFont()
    sheet = lay_out(recipe, font)
    palette = palette_of(recipe)
    canvas = Canvas(WIDTH, sheet.y, palette.paper)
    canvas.image.paste(header(recipe, palette, (WIDTH, sheet.header_height), seed_of(recipe)), (0, 0))
    for item in sheet.items:
        if isinstance(item, Text):
            canvas.text(font, item, palette.colour(item.role))
        elif isinstance(item, Mark):
            draw_mark(canvas, item, palette)
        elif isinstance(item, Panel):
            if item.raised:
                canvas.shadow(item.box, item.radius)
            canvas.rounded(item.box, item.radius, palette.colour(item.role))
    return DrawnCard(_png(canvas.image), WIDTH, sheet.y)


def _png(image: Image.Image) -> bytes:
    """`image` in 256 colours, chosen on a quarter of its pixels: a third of the size, and nobody sees it."""
    sample = image.resize((image.width // 2, image.height // 2), Image.Resampling.NEAREST)
    colours = sample.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = io.BytesIO()
    reduced = image.quantize(palette=colours, dither=Image.Dither.NONE)
    reduced.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()
