"""Numbers and measures as a cook says them: 「100-150ml」 一百到一百五十毫升, 「1/2杯」 半杯, 「2个」 两个.

Works on text whose width is normalised (`core.spoken_text`). What follows a number decides between 两 and
二; a unit is only read as one behind a number, so that 「VC」 and 「T恤」 stay what they are.
"""

from __future__ import annotations

import re
from fractions import Fraction

from core.numerals import ARABIC, value_of
from core.units import UNIT

VULGAR_FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"

_DIGITS = "零一二三四五六七八九"

_UNITS = {
    "公斤": "kg KG Kg",
    "毫克": "mg MG",
    "克": "g G",
    "毫升": "ml mL ML Ml cc CC",
    "分升": "dl dL",
    "升": "l L",
    "毫米": "mm MM",
    "厘米": "cm CM",
    "公里": "km KM",
    "米": "m M",
    "分钟": "mins min",
    "小时": "hours hour hrs hr h H",
    "秒": "secs sec s S",
    "千瓦": "kW KW kw",
    "瓦": "W w",
    "伏": "V v",
    "千卡": "kcal Kcal KCAL",
    "卡": "cal",
    "千焦": "kJ KJ kj",
    "磅": "lbs lb",
    "盎司": "oz OZ",
    "汤匙": "Tbsp tbsp TBSP T",
    "茶匙": "Tsp tsp TSP t",
    "杯": "cups cup",
    "英寸": "inches inch",
    "摄氏度": "°C °c",
    "华氏度": "°F °f",
    "度": "°",
    "百分之": "%",
    "千分之": "‰",
}
_SAID = {written: said for said, row in _UNITS.items() for written in row.split()}
_DEGREES = frozenset({"摄氏度", "华氏度"})
_PARTS = frozenset({"百分之", "千分之"})
_UNIT = (
    "(?:"
    + "|".join(
        re.escape(written) + ("(?![A-Za-z])" if written[-1].isalpha() else "")
        for written in sorted(_SAID, key=len, reverse=True)
    )
    + ")"
)

_CHINESE_UNIT = rf"(?:分钟|小时|秒|天|度|{UNIT})"
_NUMBER = rf"{ARABIC}(?!\.[0-9])"
_ALONE = r"(?<![0-9])(?<![0-9][.,:/])"
_JOINT = "[-–—−~〜∼至到]{1,2}"
_MEASURE = re.compile(
    rf"(?P<minus>[-–−]\s?)?(?P<about>[~〜≈]\s?)?{_ALONE}(?P<low>{_NUMBER})"
    rf"(?:(?:\s?(?P<first>{_UNIT}|{_CHINESE_UNIT}))?\s?{_JOINT}\s?(?P<high>{_NUMBER}))?(?:\s?(?P<unit>{_UNIT}))?"
)
_CLOCK = re.compile(r"(?<![0-9.:])(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?![0-9.:])")
_PROPORTION = re.compile(r"比")
_NEAR = 8
"""How far from a number the words around it tell how it is read."""
_DATE = re.compile(r"(?<![0-9])([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?=\s?年)")
_MONEY = re.compile(r"[¥￥]\s?([0-9][0-9.,]*[0-9]|[0-9])")
_TIMES = re.compile(rf"(?<=[0-9])(?P<unit>\s?{_UNIT})?\s?[x×*]\s?(?=[0-9])")
_RATIO = re.compile(r"(?<=[0-9])\s?:\s?(?=[0-9])")
_TWO_STAYS = re.compile(r"[月日号楼班级期比至到]|分之|$|[^一-龥]")
_NEIGHBOURS = re.compile(rf"(?<![0-9])([1-8])[、，,]([2-9])(?=\s?{_CHINESE_UNIT})")
_HALF_OF = re.compile(_CHINESE_UNIT)
_BEFORE_A_RANK = re.compile(r"(?:第|周|星期|礼拜|初|[A-Za-z.])\s?$")


def counted(number: int, *, two: str = "二") -> str:
    """A whole number in words: 1205 → 一千二百零五.

    Args:
        number: from 0 to 99,999,999.
        two: how 2 itself is said, and the leading 2 of hundreds and above: 两 before a measure.
    """
    if number == 2:
        return two
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        gap = "零" if 0 < low < 1000 else ""
        return f"{counted(high, two='两')}万{gap}{_below_ten_thousand(low, low < 20) if low else ''}"
    return _below_ten_thousand(number, number >= 20)


def digit_by_digit(digits: str) -> str:
    """「2023」 二零二三."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def without_digits(text: str) -> str:
    """`text` with every number and every unit behind a number in words; no digit is left."""
    text = _DATE.sub(_said_date, text)
    text = _YEAR.sub(lambda match: digit_by_digit(match[0]), text)
    text = _MONEY.sub(r"\1元", text)
    text = _CLOCK.sub(_said_clock, text)
    text = _RATIO.sub("比", text)
    text = _TIMES.sub(lambda match: f"{match['unit'] or ''}乘", text)
    text = _NEIGHBOURS.sub(_said_neighbours, text)
    text = _MEASURE.sub(_said_measure, text)
    text = re.sub(r"(?<=[0-9])\.(?=[0-9])", "点", text)
    return re.sub("[0-9]+", lambda match: digit_by_digit(match[0]), text)


def _below_ten_thousand(number: int, say_one_ten: bool) -> str:
    """Say 0 to 9,999; within a larger number 10 is 一十."""
    words, gap = "", False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, scale)
        if digit == 0:
            gap = bool(words)
            continue
        said = "两" if digit == 2 and scale >= 100 and not words else _DIGITS[digit]
        if digit == 1 and scale == 10 and not words and not say_one_ten:
            said = ""
        words += ("零" if gap else "") + said + name
        gap = False
    return words or "零"


def _said_date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return f"{digit_by_digit(year)}年{counted(int(month))}月{counted(int(day))}日"


def _said_clock(match: re.Match[str]) -> str:
    """「10:30」 is a time of day unless a proportion is spoken of nearby (比例 1:10)."""
    around = match.string[max(0, match.start() - _NEAR) : match.end() + _NEAR]
    if _PROPORTION.search(around):
        return match[0]
    hour, minute = counted(int(match["hour"]), two="两"), int(match["minute"])
    if not minute:
        return f"{hour}点"
    return f"{hour}点{'零' if minute < 10 else ''}{counted(minute)}分"


def _said_neighbours(match: re.Match[str]) -> str:
    """「2、3个」 is a guess (两三个) unless the two are no neighbours."""
    low, high = int(match[1]), int(match[2])
    return f"{counted(low, two='两')}{counted(high)}" if high == low + 1 else match[0]


def _said_measure(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    after = match.string[match.end() : match.end() + _NEAR].lstrip()
    unit = _SAID.get(match["unit"] or "", "")
    first = match["first"] or ""
    first = _SAID.get(first, first)
    is_rank = _BEFORE_A_RANK.search(before) is not None
    low = _said_number(match["low"], first or unit, after, is_rank=is_rank)
    said = f"{_about(match, unit)}{first if first in _PARTS else ''}"
    if not match["high"]:
        return f"{said}{unit}{low}" if unit in _PARTS else f"{said}{low}{unit}"
    high = _said_number(match["high"], unit, after, is_rank=is_rank)
    if unit in _PARTS:
        said = said.removesuffix(first) + unit
        return f"{said}{low}到{unit if first in _PARTS else ''}{high}"
    return f"{said}{low}{'' if first in _PARTS else first}到{high}{unit}"


def _about(match: re.Match[str], unit: str) -> str:
    """What a sign before the number says."""
    about = "约" if match["about"] else ""
    if match["minus"]:
        return f"零下{about}" if unit in _DEGREES else f"，{about}"
    return about


def _said_number(number: str, unit: str, after: str, *, is_rank: bool) -> str:
    """One number in words; `unit` (as said) or else the text `after` it tells how a 2 and a half sound."""
    value = value_of(number)
    counts = bool(unit) and unit not in _DEGREES | _PARTS
    if not unit and not is_rank:
        counts = _TWO_STAYS.match(after) is None
    if "/" in number or "⁄" in number or any(sign in number for sign in VULGAR_FRACTIONS):
        if value == Fraction(1, 2) and (counts if unit else _HALF_OF.match(after)):
            return "半"
        return _fraction(value)
    if value.denominator == 1 and "." not in number:
        is_code = number.startswith("0") and number != "0"
        two = "两" if counts and not (unit or after).startswith("两") else "二"
        return digit_by_digit(number) if is_code else counted(int(value), two=two)
    whole, _, decimals = number.partition(".")
    return f"{counted(int(whole.replace(',', '')))}点{digit_by_digit(decimals)}"


def _fraction(value: Fraction) -> str:
    whole, rest = divmod(value, 1)
    if not rest:
        return counted(whole)
    said = f"{counted(rest.denominator)}分之{counted(rest.numerator)}"
    return f"{counted(whole)}又{said}" if whole else said
