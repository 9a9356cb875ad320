"""Splitting a line of an ingredient list into name and amount, whichever comes first.

五花肉500克, 500克五花肉, 适量盐, 红糖：30g and 超市罐头装半盒金枪鱼 all occur in the wild. Nothing of a line
is lost: every character but spaces and a separating colon is in the name or in the amount.
"""

from __future__ import annotations

import re

from core.measures import APPROXIMATELY, MORE_OR_LESS, measure_spans
from core.numerals import ARABIC
from core.units import UNIT

_SPLIT_LIMIT = 200
"""Longer lines are prose, not ingredients (the longest in 7,281 lines of XiaChuFang has 150 characters)."""

_LEAD = rf"(?:各|共需|共|净重|=|＝|\s|{APPROXIMATELY})*"
_VAGUE = (
    rf"(?:适量|適量|少许|少許|少量|若干|随意|随量|任意|酌量|酌情|微量|适当|按需|些许|一些|一丢丢|一点点|一点儿|一点"
    rf"|多一点|多点|少点|多多|(?:几十|十几|几|数){UNIT})"
)
_BRACKETS = r"\s?(?:（[^（）()]*[)）]|\([^（）()]*[)）])"
_HEADING = re.compile(r"【[^】]*】|#.*|.*[:：]")
_HEAD_VAGUE = re.compile(rf"{_LEAD}{_VAGUE}(?:{UNIT})?(?:{_BRACKETS})?(?:[，,].*[，,。；])?")
_TAIL_VAGUE = re.compile(rf"[\s，,]*{_LEAD}{_VAGUE}(?:{_BRACKETS})?\s*$")
_LEAD_AT_END = re.compile(rf"{_LEAD}$")
_AFTER_MEASURE = re.compile(rf"\s?(?:{MORE_OR_LESS})|{_BRACKETS}")
_ALTERNATIVE = re.compile(rf"\s?[/，,、或+＋]?\s?{_LEAD}")
_NOTE = re.compile(r"[，,；;。、/*×（(切打去洗泡剁拍磨捣撕擦压焯煮炒蒸备整分撒]|左右|即可|最好|用于")
_NUMBER_APART = re.compile(rf"(?P<unit>[个克勺只根瓣颗粒片块斤])(?P<name>\D*?\D)\s*(?P<number>{ARABIC})")
_UNIT_FIRST = re.compile(rf"(?P<unit>[克个勺根瓣颗粒片块])(?P<number>{ARABIC})(?P<name>\s*[一-龥].*)")
_BARE_HEAD = re.compile(
    rf"(?P<amount>{_LEAD}{ARABIC}(?:\s?[-~～－—至到]\s?{ARABIC})?)\s*(?P<name>(?![号种年月度分成次天层日寸倍点折代])[一-龥].*)"
)
_BARE_TAIL = re.compile(rf"(?P<name>.*?\S)(?:\s+|\s*[:：]\s*)(?P<amount>{_LEAD}{ARABIC})")
_LOST_NUMBER = re.compile(r"(?P<unit>[个克勺根瓣颗只](?!力架|东|旧|子|粒|据))(?P<name>[一-龥].*)")
_LAST_BRACKET = re.compile(rf"{_BRACKETS}$")
_LEAD_AT_START = re.compile(_LEAD)
_OPENING = {"(": ")", "（": "）"}


def split_ingredient_line(line: str) -> tuple[str, str]:
    """The name and the amount of an ingredient line; the amount is "" when none can be told.

    A heading inside a list (【烫种】, 饺子馅：) is a name without an amount.
    """
    line = line.strip()
    if len(line) > _SPLIT_LIMIT or _HEADING.fullmatch(line):
        return line, ""
    for split in (_amount_first, _amount_last, _odd_order, _amount_between):
        parts = split(line)
        if parts is not None:
            name, amount = parts[0].strip(), parts[1].strip()
            return (name, amount) if name else (line, "")
    return line, ""


def _amount_first(line: str) -> tuple[str, str] | None:
    end = _end_of_amount(line, 0, dict(measure_spans(line)))
    vague = _HEAD_VAGUE.match(line)
    if end is None and vague is not None:
        end = vague.end()
    if end is None:
        return None
    name, amount = _without_colon(line[end:]), line[:end].strip()
    more = _amount_last(name)
    if more is not None:
        space = "" if more[1][:1] in _OPENING else " "
        name, amount = more[0], f"{amount}{space}{more[1]}"
    return name, amount


def _amount_last(line: str) -> tuple[str, str] | None:
    starts = [match.start() for match in (_TAIL_VAGUE.search(line), _LAST_BRACKET.search(line)) if match]
    starts += [start for start, end in _amounts(line) if end == len(line) or _NOTE.match(line[end:].lstrip())]
    starts = [start for start in starts if start > 0 and _is_amount(line[start:])]
    if not starts:
        return None
    start = min(starts)
    return _without_colon(line[:start]), line[start:].strip()


def _odd_order(line: str) -> tuple[str, str] | None:
    match = _NUMBER_APART.fullmatch(line) or _UNIT_FIRST.fullmatch(line)
    if match:
        return match["name"], match["number"] + match["unit"]
    match = _BARE_HEAD.fullmatch(line) or _BARE_TAIL.fullmatch(line)
    if match:
        return match["name"], match["amount"]
    return None


def _amount_between(line: str) -> tuple[str, str] | None:
    """金枪鱼 in 超市罐头装半盒金枪鱼: take the amount out, join what is before and after it."""
    for start, end in _amounts(line):
        before, after = line[:start], line[end:]
        if not any(before.count(opening) > before.count(closing) for opening, closing in _OPENING.items()):
            return before.rstrip() + after.lstrip(), line[start:end]
    match = _LOST_NUMBER.fullmatch(line)
    return (match["name"], match["unit"]) if match else None


def _is_amount(text: str) -> bool:
    return bool(measure_spans(text)) or re.search(_VAGUE, text) is not None


def _without_colon(name: str) -> str:
    return name.strip().removeprefix(":").removeprefix("：").removesuffix(":").removesuffix("：").strip()


def _amounts(line: str) -> list[tuple[int, int]]:
    """Where amounts stand in the line, 约 and 各 before them and brackets after them included."""
    found = []
    ends = dict(measure_spans(line))
    for start in ends:
        lead = _LEAD_AT_END.search(line, 0, start)
        begin = lead.start() if lead else start
        end = _end_of_amount(line, begin, ends)
        if end is not None:
            found.append((begin, end))
    return found


def _end_of_amount(line: str, start: int, ends: dict[int, int]) -> int | None:
    """Where the amount that begins at `start` ends, its alternatives and brackets included."""
    lead = _LEAD_AT_START.match(line, start)
    end = ends.get(lead.end() if lead else start)
    while end is not None:
        after = _AFTER_MEASURE.match(line, end)
        if after:
            end = after.end()
            continue
        joint = _ALTERNATIVE.match(line, end)
        next_end = ends.get(joint.end()) if joint else None
        if next_end is None:
            return end
        end = next_end
    return None
