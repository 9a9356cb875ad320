"""What a dish looks like from above: pieces in the colours and shapes of its ingredients.

The same recipe looks the same every time; scaling it changes nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from random import Random
from typing import Literal

from PIL import Image, ImageDraw

from core.images.card_canvas import Point, soft_line, soft_polygon
from core.images.card_palette import Colour, mix, rgb
from core.recipe import Recipe

Shape = Literal["cube", "strip", "wedge", "leaf", "disc", "fold", "crescent", "noodle", "grain", "ring"]
_WHITE, _BLACK = (255, 255, 255), (30, 12, 4)
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_MAX_LOOKS = 6


@dataclass(frozen=True, slots=True)
class Look:
    """Colour and shape of an ingredient's pieces."""

    colour: Colour
    shape: Shape


def _look(code: str, shape: Shape) -> Look:
    return Look(rgb(code), shape)


_SEASONING = re.compile(
    "[酱油醋酒盐糖精汁]|酵母|泡打|淀粉|面粉|生粉|胡椒|花椒|八角|桂皮|香叶|高汤|清水|热水|开水|冰水|^水$|蚝|料|[椒筋花]面|[^米河]粉$|芝麻"
)
_LOOKS = tuple(
    (re.compile(names), look)
    for names, look in (
        ("面条|乌冬|河粉|米[线粉]|粉[丝条皮]|[凉米]皮|魔芋丝|面$|[辣蛳炒]粉", _look("#F3DFA6", "noodle")),
        ("番茄|西红柿|圣女果", _look("#DE3E2B", "wedge")),
        ("鸡蛋|鸭蛋|皮蛋|蛋液|蛋黄|蛋$", _look("#FFC93C", "fold")),
        ("虾|蟹|龙虾", _look("#F58A5B", "crescent")),
        ("鱿鱼|墨鱼|鱼片|鲈|鳕|龙利|鱼", _look("#F4E4D4", "fold")),
        ("三文鱼|火腿|香肠|腊肠|培根|午餐肉", _look("#E8806A", "disc")),
        ("蛤|花甲|蚬|扇贝|鲍|生蚝|贝", _look("#D9B48B", "crescent")),
        ("鸡|鸭|鹅|鸽", _look("#D9984F", "cube")),
        ("五花|排骨|猪蹄|肘|牛腩|羊排", _look("#9A4A24", "cube")),
        ("牛|羊|肝|腰花|肚", _look("#854229", "strip")),
        ("肉|里脊|猪", _look("#B9653A", "strip")),
        ("豆腐干|香干|豆干|腐竹|豆皮|千张|油豆腐", _look("#D8A653", "strip")),
        ("豆腐|豆花|馒头|山药|椰|杏仁|牛奶|奶酪|芝士|奶油|酸奶", _look("#FFF3DC", "cube")),
        ("胡萝卜|南瓜|红薯|地瓜|橙|橘|木瓜", _look("#F08A24", "cube")),
        ("土豆|马铃薯|笋|姜丝|菠萝|芒果|香蕉", _look("#F2CB62", "strip")),
        ("玉米|黄豆|鹰嘴豆", _look("#FFCF33", "grain")),
        ("茄", _look("#6C3A78", "strip")),
        ("紫薯|紫甘蓝|洋葱|蓝莓|葡萄|桑葚", _look("#8C5AA0", "fold")),
        ("木耳|海带|紫菜|海参|黑豆|黑米", _look("#3A302C", "fold")),
        ("香菇|蘑菇|口蘑|平菇|杏鲍菇|菌|菇", _look("#8A5A3A", "disc")),
        ("藕|萝卜|银耳|百合|莲子|冬瓜|梨|花菜|豆芽|茭白|荸荠|马蹄", _look("#F6EBD2", "disc")),
        ("红枣|枸杞|红豆|草莓|樱桃|山楂|西瓜|石榴|腰豆", _look("#B8242A", "grain")),
        ("花生|腰果|核桃|坚果|板栗|杏干|燕麦|葡萄干", _look("#C98B4B", "grain")),
        ("辣椒|小米辣|泡椒|剁椒|红椒|彩椒|二荆条", _look("#CF2318", "strip")),
        ("青椒|尖椒|蒜苗|蒜薹|豆角|四季豆|芦笋|秋葵|芹|韭|扁豆|荷兰豆", _look("#4F9A3A", "strip")),
        ("黄瓜|丝瓜|苦瓜|西葫芦|猕猴桃|牛油果|青瓜", _look("#7DB54A", "disc")),
        ("豌豆|毛豆|青豆|蚕豆|绿豆", _look("#79B23C", "grain")),
        ("菜|菠|生菜|茼蒿|西兰花|空心|苋|薄荷|罗勒|荠|香椿|青", _look("#3F8F3B", "leaf")),
        ("米饭|大米|糯米|小米|粳米|米$|藜麦|汤圆|小圆子", _look("#FFF9EC", "grain")),
        ("饺|馄饨|饼|面包|吐司|糕|派|酥|面团", _look("#E9B96A", "fold")),
        ("巧克力|可可|咖啡", _look("#5B3420", "cube")),
        ("苹果|桃|桂花|蜂蜜|柠檬", _look("#F6D15A", "wedge")),
    )
)
_DOUGH = (
    (re.compile("饺|锅贴|馄饨|抄手"), _look("#FBEFD6", "crescent")),
    (re.compile("包子|生煎|馒头|花卷|汤圆|烧卖"), _look("#FBEFD6", "disc")),
)
_DRINKS = (
    ("奶|豆浆|椰", "#F3E3C8"),
    ("酸梅|可乐|咖啡", "#5A2A2A"),
    ("枣|红糖", "#A8432A"),
    ("茶", "#C67A2E"),
    ("莓|西瓜|石榴", "#D8485A"),
)
_CRUST, _CRUMB, _SUGAR = rgb("#B8702C"), rgb("#E9B25F"), rgb("#FFF1D2")
_PLAIN = (_look("#D79A4C", "fold"), _look("#4F9A3A", "leaf"), _look("#B9653A", "strip"))
_SPRINKLES = (
    ("(?<!洋)葱|香菜|韭", "#5FA83C", "ring"),
    ("芝麻", "#FFF4D6", "grain"),
    ("干辣椒|小米辣|辣椒", "#C4201A", "ring"),
)
_SAUCES = (
    ("辣|鱼香", "#C2451D"),
    ("酱香|五香|孜然", "#8C4A22"),
    ("酸甜", "#D0562C"),
    ("咖喱", "#D49A2A"),
    ("奶", "#FBEBCB"),
    ("清淡", "#EFDDA8"),
)


def sauce_of(recipe: Recipe) -> Colour:
    """The colour of the dish's gravy or broth."""
    tastes = " ".join(recipe.tastes)
    return next((rgb(code) for pattern, code in _SAUCES if re.search(pattern, tastes)), rgb("#DDA95A"))


def drink_of(recipe: Recipe) -> Colour:
    """The colour of a drink."""
    named = next((rgb(code) for pattern, code in _DRINKS if re.search(pattern, recipe.name)), None)
    return named or looks_of(recipe)[0].colour


def looks_of(recipe: Recipe) -> tuple[Look, ...]:
    """How the dish's main ingredients look, the most important first."""
    dough = [look for pattern, look in _DOUGH if pattern.search(recipe.name)]
    if dough:
        return tuple(dough)
    names = [i.name[:20] for i in recipe.ingredients[:24] if not _SEASONING.search(i.name[:20])]
    named = [name for name in names if any(c in recipe.name[:100] for c in name)]
    found: list[Look] = []
    for name in [*named, recipe.name[:20], *names]:
        look = next((look for pattern, look in _LOOKS if pattern.search(name)), None)
        if look and look not in found:
            found.append(look)
    return tuple(found[:_MAX_LOOKS]) or _PLAIN


def food(recipe: Recipe, diameter: int, seed: int, *, ground: Colour, count: int) -> Image.Image:
    """A square RGB picture of the heaped dish; only the inscribed circle is meant to be shown."""
    image = Image.new("RGB", (diameter, diameter), ground)
    draw = ImageDraw.Draw(image)
    random = Random(seed)  # noqa: S311 - a drawing, not a secret
    looks = looks_of(recipe)
    weights = [6, 4, 3, 2, 2, 1][: len(looks)]
    size = diameter * 0.105
    for number in range(count, 0, -1):
        spread = diameter * 0.43 * math.sqrt((number - 0.5) / count)
        angle = number * _GOLDEN_ANGLE + random.uniform(-0.25, 0.25)
        centre = (diameter / 2 + spread * math.cos(angle), diameter / 2 + spread * math.sin(angle))
        look = random.choices(looks, weights)[0]
        _piece(draw, look, centre, size * random.uniform(0.85, 1.15), random)
    for pattern, code, shape in _SPRINKLES:
        if any(re.search(pattern, ingredient.name[:20]) for ingredient in recipe.ingredients[:24]):
            _sprinkle(draw, rgb(code), shape == "ring", diameter, random)
    return image


def baked(recipe: Recipe, diameter: int, seed: int, *, ground: Colour) -> Image.Image:
    """Like `food`, for what comes out of an oven: a cake cut in eight, or seven small pieces."""
    image = Image.new("RGB", (diameter, diameter), ground)
    draw = ImageDraw.Draw(image)
    random = Random(seed)  # noqa: S311 - a drawing, not a secret
    middle, whole = diameter / 2, re.search("糕|吐司|面包|披萨|朗尼|派$", recipe.name)
    turn = random.uniform(0, math.tau)
    parts = 8 if whole else 6
    around = [turn + part * math.tau / parts for part in range(parts)]
    if whole:
        _bun(draw, (middle, middle), diameter * 0.44)
        for angle in around:
            edge = _turned([(0.41, 0.0)], (middle, middle), diameter, angle)[0]
            soft_line(draw, [(middle, middle), edge], mix(_CRUMB, _CRUST, 0.6), diameter * 0.012)
            berry = _turned([(0.62, 0.26)], (middle, middle), diameter * 0.42, angle)[0]
            _piece(draw, Look(looks_of(recipe)[0].colour, "grain"), berry, diameter * 0.06, random)
    else:
        _bun(draw, (middle, middle), diameter * 0.145)
        for angle in around:
            _bun(draw, _turned([(0.31, 0.0)], (middle, middle), diameter, angle)[0], diameter * 0.145)
    return image


def _bun(draw: ImageDraw.ImageDraw, centre: Point, radius: float) -> None:
    """A round baked thing: shadow, crust, crumb, a ring of light."""
    x, y = centre
    for colour, share, drop in (
        (mix(_CRUST, _BLACK, 0.5), 1.03, 0.07),
        (_CRUST, 1.0, 0.0),
        (_CRUMB, 0.9, 0.0),
        (mix(_CRUMB, _SUGAR, 0.4), 0.62, -0.04),
        (mix(_CRUMB, _SUGAR, 0.15), 0.52, -0.02),
    ):
        r = radius * share
        draw.ellipse((x - r, y - r + drop * radius, x + r, y + r + drop * radius), fill=colour)


def _sprinkle(draw: ImageDraw.ImageDraw, colour: Colour, rings: bool, diameter: int, random: Random) -> None:
    """Scallion rings or seeds over the whole dish."""
    for _ in range(16 if rings else 26):
        spread, angle = diameter * 0.38 * math.sqrt(random.random()), random.uniform(0, math.tau)
        x, y = diameter / 2 + spread * math.cos(angle), diameter / 2 + spread * math.sin(angle)
        radius = diameter * (0.020 if rings else 0.009)
        draw.ellipse((x - radius, y - radius + 3, x + radius, y + radius + 3), fill=mix(colour, _BLACK, 0.45))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        if rings:
            hole = radius * 0.42
            draw.ellipse((x - hole, y - hole, x + hole, y + hole), fill=mix(colour, _WHITE, 0.55))


def _piece(draw: ImageDraw.ImageDraw, look: Look, centre: Point, size: float, random: Random) -> None:
    """One piece: a dark edge below, the body, and a light spot."""
    angle = random.uniform(0, math.tau)
    tone = mix(look.colour, random.choice((_WHITE, _BLACK)), random.uniform(0, 0.1))
    layers = (
        (mix(tone, _BLACK, 0.42), (centre[0], centre[1] + size * 0.13), 1.04),
        (tone, centre, 1.0),
        (mix(tone, _WHITE, 0.3), (centre[0] - size * 0.06, centre[1] - size * 0.09), 0.55),
    )
    for colour, (x, y), share in layers:
        _body(draw, look.shape, (x, y), size * share, angle, colour)
    if look.shape == "wedge":
        _seeds(draw, centre, size, angle)


def _body(
    draw: ImageDraw.ImageDraw, shape: Shape, centre: Point, size: float, angle: float, colour: Colour
) -> None:
    x, y = centre
    if shape in {"disc", "ring"}:
        draw.ellipse((x - size * 0.8, y - size * 0.8, x + size * 0.8, y + size * 0.8), fill=colour)
    elif shape == "grain":
        soft_line(draw, _turned([(-0.2, 0), (0.2, 0)], centre, size, angle), colour, size * 0.62)
    elif shape == "noodle":
        bends = [(-1.9 + i * 0.2, 0.5 * math.sin(i * 0.33)) for i in range(20)]
        for shift in (-0.36, 0.0, 0.36):
            line = _turned([(a, b + shift) for a, b in bends], centre, size, angle)
            soft_line(draw, line, colour, size * 0.24)
    elif shape == "crescent":
        arc = [(0.75 * math.cos(t / 10), 0.75 * math.sin(t / 10)) for t in range(0, 36, 3)]
        soft_line(draw, _turned(arc, centre, size, angle), colour, size * 0.52)
    else:
        points, radius = _OUTLINES[shape]
        soft_polygon(draw, _turned(points, centre, size, angle), colour, size * radius)


def _seeds(draw: ImageDraw.ImageDraw, centre: Point, size: float, angle: float) -> None:
    for point in _turned([(-0.3, 0.05), (0.0, 0.2), (0.3, 0.05)], centre, size, angle):
        radius = size * 0.08
        box = (point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)
        draw.ellipse(box, fill=(255, 226, 150))


def _turned(points: list[Point], centre: Point, size: float, angle: float) -> list[Point]:
    """`points` (in units of `size`) turned by `angle` around `centre`."""
    cosine, sine = math.cos(angle) * size, math.sin(angle) * size
    return [(centre[0] + a * cosine - b * sine, centre[1] + a * sine + b * cosine) for a, b in points]


_HALF_DISC: list[Point] = [
    (0.85 * math.cos(t * math.pi / 8), 0.85 * math.sin(t * math.pi / 8)) for t in range(9)
]
_OUTLINES: dict[str, tuple[list[Point], float]] = {
    "cube": ([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)], 0.22),
    "strip": ([(-0.95, -0.14), (0.95, -0.14), (0.95, 0.14), (-0.95, 0.14)], 0.14),
    "wedge": (_HALF_DISC, 0.12),
    "leaf": ([(-1.0, 0.0), (-0.4, -0.34), (0.4, -0.34), (1.0, 0.0), (0.4, 0.34), (-0.4, 0.34)], 0.12),
    "fold": ([(-0.7, -0.1), (-0.2, -0.5), (0.5, -0.4), (0.75, 0.15), (0.2, 0.5), (-0.5, 0.42)], 0.2),
}
