"""The units of Chinese recipes, and how finely a cook measures with each.

`UNIT` is the regular expression of a unit, its size words included (小勺, 大片, 小把). `rounded` takes
an exact amount to one that a cook would say. The steps keep the error within about a tenth, which is
what a spoon or a kitchen scale gives anyway; whole grams are left alone, because bakers mean them.
"""

from __future__ import annotations

import math
import re
from enum import Enum
from fractions import Fraction


class UnitKind(Enum):
    """What a unit measures, as far as it matters for rounding and for saying halves."""

    FINE = "克|公克|毫克|毫升|[gG]|mg|[mM][lL]|cc|CC"
    COARSE = "千克|公斤|公升|升|磅|盎司|[kK][gG]|[lL]|lb|oz"
    JIN = "市斤|斤|两(?!侧|面(?![条粉包筋团皮])|边|种|次|头乌)"
    LENGTH = "厘米|公分|毫米|寸|cm|CM|mm"
    SPOON = (
        "汤匙|茶匙|大匙|小匙|匙|汤勺|茶勺|饭勺|瓷勺|勺子|勺|调羹|筷子|量杯|杯|碗|瓢|铲"
        "|[tT]bsp|[tT]sp|cups?|[tT]"
    )
    WHOLE = "颗|顆|粒|滴|片|朵|枚|撮|嘬|张|張|叶"
    COUNT = (
        "人份|个|個|只|隻|根|瓣|把|块|塊|段|条|條|棵|包|袋|盒|罐|听|头|节|份|尾|瓶|支|枝|株|束|捆|捧|抓|串|扎"
        "|卷|板|盘|碟|锅|桶|截|坨|副|对|双|团|筒|套|圈|盏|砖|角|球|排|管|盅"
    )


_SIZE = "[大小满平中整厚薄长尖浅细]"
# A unit's character that begins another word is no unit: 2包菜, 3头抽, 1个小时, 一段时间.
_OTHER_WORDS = (
    "[个個](?:半?月|半?小时|钟头|人(?!份))|克(?:力架|里|莱|苏)|包(?:菜|心菜|子|浆)|头(?:抽|菜|发)|段时|块(?:钱|菌)"
    "|卷(?:心|饼)|锅(?:巴|底|盔|贴)|根据|份量|杯(?:子|蛋糕)|升(?:高|至|到|温)|对(?:半|虾|切|折|开)"
    "|排(?:骨|酸|档)|节(?:瓜|虾)|串(?:起|成)|只(?:要|需|有|能|用)|板(?:栗|豆腐)|球(?:形|状)|角度|双(?:面|手|色)"
)
_LATIN_END = "(?<![A-Za-z])|(?<=[A-Za-z])(?![A-Za-z])"
UNIT = rf"(?:{_SIZE}{{0,2}}(?!{_OTHER_WORDS})(?:{'|'.join(kind.value for kind in UnitKind)})(?:{_LATIN_END}))"

_HALF, _QUARTER, _EIGHTH = Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)
_FINE_STEPS = ((3, "1/10"), (10, "1/2"), (50, "1"), (200, "5"), (1000, "10"), (math.inf, "50"))
_COARSE_STEPS = ((Fraction(1, 5), "1/100"), (2, "1/20"), (10, "1/10"), (math.inf, "1/2"))
_SPOON_STEPS = ((3, "1/4"), (10, "1/2"), (math.inf, "1"))
_WHOLE_STEPS = ((2, "1/2"), (math.inf, "1"))
_COUNT_STEPS = ((10, "1/2"), (math.inf, "1"))
_STEPS = {
    UnitKind.FINE: _FINE_STEPS,
    UnitKind.COARSE: _COARSE_STEPS,
    UnitKind.JIN: _COARSE_STEPS,
    UnitKind.LENGTH: _COUNT_STEPS,
    UnitKind.SPOON: _SPOON_STEPS,
    UnitKind.WHOLE: _WHOLE_STEPS,
    UnitKind.COUNT: _COUNT_STEPS,
}


def kind_of(unit: str) -> UnitKind:
    """The kind of a unit that matches `UNIT`; an unknown or empty one counts pieces."""
    for kind in UnitKind:
        if re.fullmatch(f"{_SIZE}{{0,2}}(?:{kind.value})", unit):
            return kind
    return UnitKind.COUNT


def rounded(value: Fraction, kind: UnitKind) -> Fraction:
    """The amount nearest to `value` that a cook would say; never 0 for something, whole numbers stay."""
    if value.denominator == 1:
        return value
    if value < 1 and kind in {UnitKind.SPOON, UnitKind.WHOLE, UnitKind.COUNT}:
        return _part_of_one(value)
    step = next(Fraction(step) for limit, step in _STEPS[kind] if value < limit)
    nearest = _round_half_up(value / step) * step
    return nearest or _one_digit(value)


def _part_of_one(value: Fraction) -> Fraction:
    """Less than one piece or spoon: quarters; thirds, sixths, eighths where they are exact; else 1/n."""
    if value.denominator == 3 or (value.numerator == 1 and value.denominator <= 8):
        return value
    if value < _EIGHTH:
        return Fraction(1, _round_half_up(1 / value))
    parts = (_EIGHTH, _QUARTER, _HALF, 3 * _QUARTER, Fraction(1))
    return min(parts, key=lambda part: abs(part - value))


def _one_digit(value: Fraction) -> Fraction:
    """A tiny amount to its first digit that is not 0: 0.0234 → 0.02."""
    places = 0
    while value * 10**places < 1:
        places += 1
    return Fraction(_round_half_up(value * 10**places), 10**places)


def _round_half_up(value: Fraction) -> int:
    return math.floor(value + _HALF)
