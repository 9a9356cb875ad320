"""The header's picture: a patterned ground, and the dish in a plate, a steaming bowl or a glass."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageDraw

from core.images.card_canvas import Point, soft_line, soft_polygon
from core.images.card_food import baked, drink_of, food, sauce_of
from core.images.card_palette import Colour, Palette, mix, rgb
from core.recipe import Recipe

_SCALE: Final = 3
_DISH = 520
"""Width in pixels of the part of the header that the dish is drawn in, at its right edge."""

_WAVE: Final = 56
"""Radius in pixels of a wave of the pattern."""

_CHINA, _CHINA_EDGE, _WELL = rgb("#FFFDF8"), rgb("#E4D9CC"), rgb("#F6EEE3")
_WOOD, _WOOD_TIP = rgb("#7A4526"), rgb("#B9814F")
_BOWLS = frozenset({"汤羹", "粥", "主食", "早餐", "宝宝辅食"})
_SOUPS = frozenset({"汤羹", "粥"})
_LIQUID = re.compile("[汤羹粥糊露圆奶沙梨]$|豆花|豆腐脑")
_FLAT = re.compile("[饼包饺贴卷粽披]|馒头|油条|三明治|蛋烧|茶叶蛋|肠粉|吐司")
_COLD = frozenset({"凉菜", "饮品", "甜品", "烘焙", "减脂餐"})


def header(recipe: Recipe, palette: Palette, size: tuple[int, int], seed: int) -> Image.Image:
    """The header's ground of `size` (width, height) in pixels, with the dish at its right."""
    image = _pattern(palette, size)
    part = (size[0] - _DISH, 0, size[0], size[1])
    large = image.crop(part).resize((_DISH * _SCALE, size[1] * _SCALE), Image.Resampling.NEAREST)
    scene = _Scene(large, recipe, palette, seed)
    scene.glow()
    scene.dish()
    image.paste(large.reduce(_SCALE), part)
    return image


def _pattern(palette: Palette, size: tuple[int, int]) -> Image.Image:
    """Rows of waves (海水纹) in a tone close to the ground, laid out in tiles of one wave by two rows."""
    radius = _WAVE * _SCALE
    large = Image.new("RGB", (6 * radius, 4 * radius), palette.header)
    draw = ImageDraw.Draw(large)
    for row, y in enumerate(range(0, large.height + 2 * radius, radius // 2)):
        for x in range(-radius * (row % 2), large.width + radius, 2 * radius):
            for share in (1.0, 0.72, 0.44):
                r = radius * share
                box = (x - r, y - r, x + r, y + r)
                draw.ellipse(box, fill=palette.header, outline=palette.pattern, width=2 * _SCALE)
    tile = large.reduce(_SCALE).crop((2 * _WAVE, 2 * _WAVE, 4 * _WAVE, 3 * _WAVE))
    image = Image.new("RGB", size, palette.header)
    for x in range(0, size[0], tile.width):
        for y in range(0, size[1], tile.height):
            image.paste(tile, (x, y))
    return image


class _Scene:
    """The dish's part of the header at `_SCALE` times its size; lengths below are in final pixels."""

    def __init__(self, image: Image.Image, recipe: Recipe, palette: Palette, seed: int) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image, "RGBA")
        self._recipe = recipe
        self._palette = palette
        self._seed = seed
        self._middle: Point = (_DISH * 0.54, (image.height / _SCALE - 50) / 2)

    def glow(self) -> None:
        """A large disc behind the dish."""
        self._ellipse((0, 0), (226, 226), (*self._palette.glow, 255))

    def dish(self) -> None:
        """The vessel that suits the recipe, filled."""
        vessel: Callable[[], None] = self._plate
        name, category = self._recipe.name, self._recipe.category
        if category == "饮品" or name.endswith("豆浆"):
            vessel = self._glass
        elif _LIQUID.search(name) or (category in _BOWLS and not _FLAT.search(name)):
            vessel = self._bowl
        vessel()

    def _plate(self) -> None:
        """A plate from above, with chopsticks or a spoon beside it."""
        for grow in (14, 11, 8, 5, 2):
            self._ellipse((3, 12), (189 + grow, 189 + grow), (40, 16, 8, 15))
        self._ellipse((0, 0), (190, 190), (*_CHINA, 255))
        self._ellipse((0, 0), (182, 182), None, outline=(*self._palette.accent, 150), width=3)
        self._ellipse((0, 0), (150, 150), (*_CHINA_EDGE, 255))
        self._ellipse((0, 3), (147, 147), (*_WELL, 255))
        sauce = sauce_of(self._recipe)
        if self._recipe.category != "烘焙":
            self._ellipse((0, 4), (132, 128), (*mix(sauce, _WELL, 0.35), 255))
        self._fill((0, 2), (124, 124), mix(sauce, (40, 16, 6), 0.15), count=44)
        if self._recipe.category not in {"烘焙", "甜品"} and self._recipe.cuisine != "西餐":
            self._chopsticks()

    def _bowl(self) -> None:
        """A bowl seen at an angle, with steam."""
        self._ellipse((0, 170), (128, 17), (20, 8, 4, 46))
        accent, ground = self._palette.accent, (*_CHINA, 255)
        self._polygon([(-74, 150), (74, 150), (64, 172), (-64, 172)], (*_CHINA_EDGE, 255), 4)
        self._polygon(_bowl_side(192, 150), ground, 0)
        self._polygon(_bowl_side(192, 150)[9:-9], (*mix(_CHINA, _CHINA_EDGE, 0.35), 255), 0)
        for y, width in ((30, 9), (46, 4)):
            self._arc((0, y), (188 - y * 0.1, 84), (*accent, 255), width)
        self._ellipse((0, 0), (196, 84), (*_CHINA_EDGE, 255))
        self._ellipse((0, -3), (194, 82), ground)
        self._ellipse((0, 2), (178, 71), (*mix(_WELL, _CHINA_EDGE, 0.5), 255))
        soup = self._recipe.category in _SOUPS
        broth = mix(sauce_of(self._recipe), _WELL, 0.3 if self._recipe.category == "汤羹" else 0.6)
        self._fill((0, 8), (166, 62), broth, count=22 if soup else 46)
        if self._recipe.category not in _COLD:
            self._steam()

    def _glass(self) -> None:
        """A tall glass with a straw."""
        liquid = drink_of(self._recipe)
        self._ellipse((0, 176), (104, 18), (20, 8, 4, 60))
        self._line([(26, 100), (66, -196), (112, -214)], (*self._palette.accent, 255), 15)
        self._polygon([(-92, -120), (92, -120), (70, 172), (-70, 172)], (255, 255, 255, 96), 6)
        self._polygon([(-83, -66), (83, -66), (65, 162), (-65, 162)], (*liquid, 255), 6)
        self._polygon([(-76, 40), (76, 40), (65, 162), (-65, 162)], (*mix(liquid, (60, 20, 0), 0.12), 255), 6)
        self._ellipse((0, -68), (88, 15), (*mix(liquid, (255, 255, 255), 0.45), 255))
        for x, y, turn in ((-34, -52, 0.3), (22, -46, -0.4), (-4, 4, 0.7)):
            corners = [_polar((x, y), 25, turn + quarter * math.pi / 2) for quarter in range(4)]
            self._polygon(corners, (255, 255, 255, 110), 4)
        self._line([(-66, -96), (-54, 130)], (255, 255, 255, 110), 9)
        self._ellipse((0, -120), (97, 17), None, outline=(255, 255, 255, 200), width=4)
        if re.search("酸|果", " ".join(self._recipe.tastes)):
            self._citrus(liquid)

    def _citrus(self, liquid: Colour) -> None:
        """A slice of fruit on the rim."""
        self._ellipse((88, -128), (50, 50), (*mix(liquid, (255, 190, 40), 0.5), 255))
        self._ellipse((88, -128), (41, 41), (255, 246, 214, 255))
        for part in range(8):
            angle = part * math.tau / 8 + 0.2
            ends = [_polar((88, -128), radius, angle) for radius in (10, 35)]
            self._line(ends, (250, 196, 70, 255), 8)

    def _chopsticks(self) -> None:
        for shift in (0, 26):
            line: list[Point] = [(-214 + shift, 232), (196 + shift * 0.4, -128 - shift)]
            moved = [(x + 5, y + 9) for x, y in line]
            self._line(moved, (20, 8, 4, 70), 12)
            self._line(line, (*_WOOD, 255), 12)
            self._line([line[0], (line[0][0] + 92, line[0][1] - 81)], (*_WOOD_TIP, 255), 12)

    def _steam(self) -> None:
        """Three curls that fade towards their ends."""
        for x, rise, alpha in ((-70, 92, 60), (0, 118, 80), (70, 92, 60)):
            curl = [(x + 15 * math.sin(t / 14 * math.tau), -92 - rise * t / 14) for t in range(15)]
            points = self._scaled(curl)
            left, top = (round(min(axis)) - 30 for axis in zip(*points, strict=True))
            right, lower = (round(max(axis)) + 30 for axis in zip(*points, strict=True))
            mask = Image.new("L", (right - left, lower - top))
            soft_line(ImageDraw.Draw(mask), [(x - left, y - top) for x, y in points], alpha, 13 * _SCALE)
            self._image.paste((255, 255, 255), (left, top), mask)

    def _fill(self, offset: Point, radii: Point, ground: Colour, *, count: int) -> None:
        """Put the food, seen at the angle that `radii` tell, into the vessel."""
        width, height = (round(2 * r * _SCALE) for r in radii)
        if self._recipe.category == "烘焙":
            heap = baked(self._recipe, width, self._seed, ground=_WELL)
        else:
            heap = food(self._recipe, width, self._seed, ground=ground, count=count)
        if height != width:
            heap = heap.resize((width, height), Image.Resampling.BILINEAR)
        mask = Image.new("L", heap.size)
        ImageDraw.Draw(mask).ellipse((0, 0, width - 1, height - 1), fill=255)
        left, top = (round(v * _SCALE) for v in self._at((offset[0] - radii[0], offset[1] - radii[1])))
        self._image.paste(heap, (left, top), mask)

    def _at(self, point: Point) -> Point:
        return point[0] + self._middle[0], point[1] + self._middle[1]

    def _scaled(self, points: list[Point]) -> list[Point]:
        return [(x * _SCALE, y * _SCALE) for x, y in map(self._at, points)]

    def _ellipse(
        self,
        offset: Point,
        radii: Point,
        fill: tuple[int, int, int, int] | None,
        *,
        outline: tuple[int, int, int, int] | None = None,
        width: int = 0,
    ) -> None:
        corners = [(offset[0] - radii[0], offset[1] - radii[1]), (offset[0] + radii[0], offset[1] + radii[1])]
        self._draw.ellipse(self._scaled(corners), fill=fill, outline=outline, width=width * _SCALE)

    def _arc(self, offset: Point, radii: Point, colour: tuple[int, int, int, int], width: float) -> None:
        """The lower half of an ellipse, but for its ends."""
        corners = [(offset[0] - radii[0], offset[1] - radii[1]), (offset[0] + radii[0], offset[1] + radii[1])]
        (left, top), (right, bottom) = self._scaled(corners)
        self._draw.arc((left, top, right, bottom), 7, 173, fill=colour, width=round(width * _SCALE))

    def _polygon(self, points: list[Point], colour: tuple[int, int, int, int], radius: float) -> None:
        if colour[3] < 255:
            self._draw.polygon(self._scaled(points), fill=colour)
        else:
            soft_polygon(self._draw, self._scaled(points), colour[:3], radius * _SCALE)

    def _line(self, points: list[Point], colour: tuple[int, int, int, int], width: float) -> None:
        if colour[3] < 255:
            self._draw.line(self._scaled(points), fill=colour, width=round(width * _SCALE), joint="curve")
        else:
            soft_line(self._draw, self._scaled(points), colour[:3], width * _SCALE)


def _polar(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _bowl_side(half_width: float, depth: float) -> list[Point]:
    """The lower half of a superellipse: a bowl's side from rim to rim."""
    side: list[Point] = []
    for degrees in range(0, 181, 6):
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        side.append((math.copysign(abs(cosine) ** 0.72, cosine) * half_width, sine**0.9 * depth))
    return side
