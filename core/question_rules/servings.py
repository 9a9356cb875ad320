"""Rules about how many people to cook for: 「改成四人份」「减半」."""

from __future__ import annotations

import re

from core.answering import ForServings
from core.question_rules.pieces import DISH, FILL, NUMBER, Found, Scene, any_of, is_known, number_in, rule
from core.recipe import DEFAULT_SERVINGS

MAX_SERVINGS = 100
"""More than a home kitchen means; a recipe for two scaled further is of no use."""


def _servings(match: re.Match[str], _scene: Scene) -> Found | None:
    number = number_in(match["n"])
    return Found(ForServings(min(number, MAX_SERVINGS)), match["dish"]) if number else None


def _double(match: re.Match[str], scene: Scene) -> Found:
    return _multiplied(match, scene, 2)


def _times(match: re.Match[str], scene: Scene) -> Found | None:
    factor = number_in(match["n"])
    return _multiplied(match, scene, factor) if factor else None


def _multiplied(match: re.Match[str], scene: Scene, factor: int) -> Found:
    """Multiples count from the dish at hand; what another recipe feeds is not known before it is found."""
    servings = min(_base(scene) * factor, MAX_SERVINGS)
    return Found(ForServings(servings), match["dish"], whole_if_new=True)


def _half(match: re.Match[str], scene: Scene) -> Found | None:
    if is_known(match["dish"], scene):  # 「盐减半」
        return None
    servings = max(1, (_base(scene) + 1) // 2)
    return Found(ForServings(servings), match["dish"], whole_if_new=True)


def _base(scene: Scene) -> int:
    return (scene.dish.servings if scene.dish is not None else None) or DEFAULT_SERVINGS


_CHANGE = any_of("改 换算 换 变 调整 调 算 做 按 来 准备 弄 煮 缩 扩 减 加")
_MAKE = rf"[想要把请给我们按照用量份重新]{{0,6}}{_CHANGE}?[成为到作做]{{0,2}}"
_HOW = f"{any_of('怎么做 怎么弄 怎么算 如何做 的?做法 要多少 来做 来算 做 可以')}?"
_AMOUNT = any_of("份量 分量 用量 量 配方")
_OUR = any_of("家里 我们 一家 全家")
_PEOPLE = any_of("个?人份的? 个?人的?份?分?用?量 个?人吃的? 个人 口人 口之家 口 人")
_DOUBLE = any_of("翻一?倍 加一?倍 双倍 双份")
_HALF = rf"{any_of('减半 半份 做一半 只做一半 份量减半 用量减半')}|一半的?{_AMOUNT}"

SERVING_RULES = (
    rule(
        rf"{DISH}{FILL}{_MAKE}{_OUR}?有?(?P<n>{NUMBER}){_PEOPLE}的?{_AMOUNT}?[够吃]{{0,2}}{_HOW}", _servings
    ),
    rule(
        rf"(?P<n>{NUMBER})个?人(?:份|吃|的份?量)的(?P<dish>.+?){any_of('怎么做 如何做 的?做法')}?", _servings
    ),
    rule(rf"{DISH}{FILL}{_MAKE}(?P<n>{NUMBER})(?:[倍份]的?{_AMOUNT}|倍){_HOW}", _times),
    rule(rf"{DISH}{FILL}{_MAKE}{_DOUBLE}的?{_AMOUNT}?{_HOW}", _double),
    rule(rf"{DISH}{FILL}{_MAKE}(?:{_HALF}){_HOW}", _half),
)
