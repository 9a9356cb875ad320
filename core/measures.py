"""Finding the measures in a text, telling which of them grow with the number of people, wording them anew.

A measure is a number or a range with its unit. Some do not grow and are left alone: lengths, temperatures
and times (切成2cm段, 约85℃, 5分钟), the size of one piece (每个50克, 55克一个, 400克装) and what a thing
is cut into (切4块).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from core.numerals import NEIGHBOURS, NUMBER, is_chinese, neighbours_of, say, value_of
from core.units import UNIT, UnitKind, kind_of, rounded

APPROXIMATELY = "大约|约莫|大概|差不多|将近|接近|约|近|≈|～|~"
MORE_OR_LESS = "左右|上下|出头"

_JOINT = r"\s?[－—–~～〜∼至到或-]{1,2}\s?"
_PLUS_MINUS = r"\s?(?:±|\+\s?[-－/／]\s?[-－]?)\s?"
# 1个半 is one and a half; 1个半熟鸡蛋 and 一块半只 are not.
_AND_A_HALF = rf"半(?!{UNIT}|[熟干透肥瘦天月成脂边截切径筋固焦糊凝]|小时|生(?!抽|姜|粉|菜))"
# What a number of its own does not follow: 第2个, 几十克, A4, 1/0, 1:2.
_NOT_AFTER = r"(?<![A-Za-z0-9０-９.．第几数零一二三四五六七八九十百千两半])(?<![0-9０-９][,/／⁄:：比])"
# Names that begin like an amount: 八角 is a spice, 九节虾 a prawn, 二锅头 a spirit.
_NAMES = "(?!八角|三角|二锅|三杯|三[层花]|九节|八头|百叶|千[张叶页])"
_WHOLE_ONE = "整(?=[个個只隻根條条块塊头颗棵片瓣包袋盒罐瓶])"

_MEASURE = re.compile(
    rf"{_NOT_AFTER}{_NAMES}(?:(?P<neighbours>{NEIGHBOURS})(?=[多来余]?{UNIT})"
    rf"|(?P<low>{NUMBER}|{_WHOLE_ONE})(?:(?:\s?(?P<first>{UNIT}))?"
    rf"(?:(?P<joint>{_JOINT})(?P<high>{NUMBER})|{_PLUS_MINUS}(?P<tolerance>{NUMBER})))?)"
    rf"(?P<more>[多来余])?(?P<gap>\s?)(?P<unit>(?(first)(?P=first)|{UNIT}))"
    rf"(?:(?P<half>{_AND_A_HALF})|(?P<above>多(?!点)))?"
)
_BARE_NUMBER = re.compile(
    rf"(?:\s|{APPROXIMATELY})*(?P<low>{NUMBER}|[俩仨])(?:(?P<joint>{_JOINT})(?P<high>{NUMBER}))?(?=\s*(?:$|[(（,，]))"
)
_PIECES = {"俩": Fraction(2), "仨": Fraction(3), "整": Fraction(1)}
_CLAUSE_END = re.compile(r"[，,、；;。\n()（）\[\]【】]")
_PIECE = "[个個只隻根片块塊条條颗顆粒包袋盒罐份瓣朵枚张張人斤]"
_OF_ONE_PIECE_BEFORE = re.compile(r"每|单[个只颗片]|成(?:\s|大?约)*$")
_OF_ONE_PIECE_BEFORE_IN_NOTE = re.compile(rf"各|一{_PIECE}(?:\s|{APPROXIMATELY})*$")
_OF_ONE_PIECE_AFTER = re.compile(rf"\s?(?:[一/／每]\s?{_PIECE}|装|规格)")
_ONE_PIECE_IS = re.compile(rf"(?:\s|{APPROXIMATELY})*\d")
_HEDGE_CHARACTERS = " 约大概近≈～~"
_CUT_INTO = re.compile(r"[切分剁掰撕斩剪划扎捏揉搓擀压折拆劈片][成为作出开]?(?:\s|大?约)*$")


_PIECES_AND_SPOONS = {UnitKind.SPOON, UnitKind.WHOLE, UnitKind.COUNT}


@dataclass(frozen=True, slots=True)
class Measure:
    """A number or range with its unit, and the place in the text where it stands.

    Attributes:
        start: where it begins in the text.
        end: where it ends.
        low: the least of a range, or the number itself.
        high: the most of a range, or the number itself.
        unit: as written, size words included; "" for a bare number.
        gap: the space between number and unit.
        joint: what stands between the numbers of a range.
        chinese: written in Chinese numerals.
        decimal: written with a decimal point.
        vague: the author says 多 or 大半 inside the measure.
    """

    start: int
    end: int
    low: Fraction
    high: Fraction
    unit: str
    gap: str = ""
    joint: str = "-"
    chinese: bool = False
    decimal: bool = False
    vague: bool = False

    @property
    def kind(self) -> UnitKind:
        """What the unit measures."""
        return kind_of(self.unit)

    def worded(self, factor: Fraction) -> str:
        """The measure times `factor`, rounded and said the way its author says numbers."""
        is_range = self.low < self.high and self.low * factor >= 2
        kind = UnitKind.WHOLE if is_range and self.kind in _PIECES_AND_SPOONS else self.kind
        low, high = rounded(self.low * factor, kind), rounded(self.high * factor, kind)
        if low == high:
            return self._single(low)
        numbers = (say(n, chinese=self.chinese, fraction=n < 1 and self._in_parts) for n in (low, high))
        return f"{self.joint.join(numbers)}{self.gap}{self.unit}"

    @property
    def _in_parts(self) -> bool:
        return self.kind not in {UnitKind.FINE, UnitKind.COARSE, UnitKind.LENGTH}

    def _single(self, value: Fraction) -> str:
        if not self._in_parts:
            return f"{say(value)}{self.gap}{self.unit}"
        is_latin = self.unit.isascii() and self.unit != ""
        whole, rest = divmod(value, 1)
        if rest == Fraction(1, 2) and not is_latin and self.unit:
            if not whole:
                return f"半{self.gap}{self.unit}"
            if not self.decimal:
                return f"{self._said(whole)}{self.gap}{self.unit}半"
        in_fraction = not whole or not (self.decimal or is_latin or self.kind is UnitKind.JIN)
        return f"{self._said(value, fraction=in_fraction)}{self.gap}{self.unit}"

    def _said(self, value: Fraction | int, *, fraction: bool = False) -> str:
        return say(Fraction(value), chinese=self.chinese, before_liang=self.unit == "两", fraction=fraction)


def main_measure(text: str) -> Measure | None:
    """The measure that tells how much: the first that grows; else a length or a bare number at the start."""
    first = next(growing_measures(text), None)
    if first is not None:
        return first
    match = _MEASURE.search(text) or _BARE_NUMBER.match(text)
    if match is None or not re.fullmatch(rf"(?:\s|{APPROXIMATELY})*", text[: match.start("low")]):
        return None
    measure = _measure_of(match)
    return measure if measure.kind is UnitKind.LENGTH or not measure.unit else None


def growing_measures(text: str, start: int = 0) -> Iterator[Measure]:
    """The measures from `start` on that grow with the number of people, in order."""
    for match in _MEASURE.finditer(text):
        measure = _measure_of(match)
        if measure.start >= start and measure.kind is not UnitKind.LENGTH and _grows(text, measure):
            yield measure


def measure_spans(text: str) -> list[tuple[int, int]]:
    """Where the measures of a text begin and end, those that do not grow included."""
    return [match.span() for match in _MEASURE.finditer(text)]


def _measure_of(match: re.Match[str]) -> Measure:
    groups = match.groupdict()
    number = groups["low"] or ""
    if groups.get("neighbours"):
        low, high = neighbours_of(groups["neighbours"])
    else:
        low = _PIECES.get(number) or value_of(number)
        high = value_of(groups["high"]) if groups.get("high") else low
        if groups.get("tolerance"):
            tolerance = value_of(groups["tolerance"])
            low, high = max(low - tolerance, Fraction(0)), low + tolerance
        if groups.get("half"):
            low, high = low + Fraction(1, 2), high + Fraction(1, 2)
    return Measure(
        start=match.start("low") if number else match.start(),
        end=match.end(),
        low=min(low, high),
        high=max(low, high),
        unit=groups.get("unit") or "",
        gap=groups.get("gap") or "",
        joint=groups.get("joint") or "-",
        chinese=is_chinese(number),
        decimal="." in number or "．" in number,
        vague=bool(groups.get("more") or groups.get("above")) or number.endswith(("大半", "小半")),
    )


def _grows(text: str, measure: Measure) -> bool:
    clause_start = max((m.end() for m in _CLAUSE_END.finditer(text, 0, measure.start)), default=0)
    lead, rest = text[clause_start : measure.start], text[measure.end :]
    in_note = clause_start > 0
    if _OF_ONE_PIECE_BEFORE.search(lead) or _OF_ONE_PIECE_AFTER.match(rest):
        return False
    if in_note and _OF_ONE_PIECE_BEFORE_IN_NOTE.search(lead):
        return False
    if measure.kind in {UnitKind.FINE, UnitKind.COARSE, UnitKind.JIN}:
        return True
    is_one_of_them = measure.low == 1 and measure.chinese
    if in_note and is_one_of_them and (lead.strip(_HEDGE_CHARACTERS) or _ONE_PIECE_IS.match(rest)):
        return False
    return _CUT_INTO.search(lead) is None
