"""Numbers as cooks write them, read and said: 半, 两三, 1又1/2, ½, １．５, 2～3.

`NUMBER` is the regular expression of one number, `value_of` reads a match of it and `say` writes a
number the way a cook would say it. Nothing here knows units beyond the word that follows a number.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

_DIGIT = "[0-9０-９]"
# Bounded so that a hostile row of digits is neither slow nor past the limit of int().
_INTEGER = rf"{_DIGIT}{{1,6}}(?!{_DIGIT})"
_FRACTION = rf"{_DIGIT}{{1,3}}\s?[/／⁄]\s?(?![0０]){_DIGIT}{{1,3}}(?!{_DIGIT})"
_VULGAR = "[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]"
_ONE_TO_NINE = "[一二两三四五六七八九]"
_MIXED = rf"{_DIGIT}{{1,3}}(?:(?:\s?[又+＋-]\s?|\s)(?:{_FRACTION}|{_VULGAR})|{_VULGAR})"
_THOUSANDS = rf"{_DIGIT}{{1,3}},{_DIGIT}{{3}}(?![0-9０-９,])"
_DECIMAL = rf"{_DIGIT}{{1,6}}[.．]{_DIGIT}{{1,4}}(?![0-9０-９.．])"

ARABIC = rf"(?:{_MIXED}|{_FRACTION}|{_VULGAR}|{_THOUSANDS}|{_DECIMAL}|{_INTEGER})"
CHINESE = (
    rf"(?:[一二三四五六七八九十]{{1,2}}分之{_ONE_TO_NINE}|一?[大小]半|半"
    rf"|{_ONE_TO_NINE}[百千][零〇一二三四五六七八九十百]{{0,5}}|[二三四五六七八九]?十[一二三四五六七八九]?"
    rf"|{_ONE_TO_NINE})"
)
NUMBER = rf"(?:{ARABIC}|{CHINESE})"
NEIGHBOURS = (
    "(?:(?:一[二两]|[二两]三|三[四五]|四五|五六|六七|七八|八九)十?"
    "|1[、，]2|2[、，]3|3[、，]4|4[、，]5|5[、，]6|6[、，]7|7[、，]8|8[、，]9)"
)
"""Two digits side by side, a range: 两三, 三五, 二三十; 2、3."""

_DIGITS = {"〇": 0, "两": 2}
_DIGITS |= {digit: value for row in ("零一二三四五六七八九", "0123456789") for value, digit in enumerate(row)}
_WORDS = {
    "半": Fraction(1, 2),
    "大半": Fraction(2, 3),
    "一大半": Fraction(2, 3),
    "小半": Fraction(1, 3),
    "一小半": Fraction(1, 3),
}
_SPOKEN = "零一二三四五六七八九十"


def value_of(number: str) -> Fraction:
    """The value of a text that matches `NUMBER`.

    Raises:
        ValueError: the text does not match.
    """
    if number in _WORDS:
        return _WORDS[number]
    if re.fullmatch(ARABIC, number):
        return _arabic(number)
    if re.fullmatch(CHINESE, number):
        below, _, above = number.partition("分之")
        return Fraction(_chinese(above), _chinese(below)) if above else Fraction(_chinese(number))
    message = "not a number"
    raise ValueError(message)


def neighbours_of(number: str) -> tuple[Fraction, Fraction]:
    """The range that a text matching `NEIGHBOURS` means: 两三 → 2, 3; 二三十 → 20, 30."""
    tens = 10 if number.endswith("十") else 1
    low, high, *_ = (_DIGITS[c] for c in number if c in _DIGITS)
    return Fraction(low * tens), Fraction(high * tens)


def is_chinese(number: str) -> bool:
    """Whether a number is written in Chinese numerals (半 alone fits both ways of writing)."""
    return number not in _WORDS and re.fullmatch(CHINESE, number) is not None


def say(value: Fraction, *, chinese: bool = False, before_liang: bool = False, fraction: bool = False) -> str:
    """Write a number that was already rounded: 3, 0.5, 1/3, 1又1/4, 两.

    Args:
        value: what to write, ≥ 0.
        chinese: write whole numbers up to ten in Chinese numerals.
        before_liang: the unit is 两: 二两 rather than 两两.
        fraction: write 1/4 rather than 0.25; what has no short decimal is written so anyway.
    """
    if value.denominator == 1:
        if chinese and value <= 10:
            return "两" if value == 2 and not before_liang else _SPOKEN[int(value)]
        return str(value.numerator)
    is_round = 10**6 % value.denominator == 0
    if is_round and not (fraction and value.denominator in {2, 4, 8}):
        return f"{float(value):.6f}".rstrip("0")
    whole, rest = divmod(value, 1)
    return f"{whole}又{rest}" if whole else str(rest)


def _arabic(number: str) -> Fraction:
    plain = re.sub(r"(?<=\d)([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])", r" \1", number)
    plain = unicodedata.normalize("NFKC", plain).replace("⁄", "/").replace(",", "")
    if "/" not in plain:
        return Fraction(plain)
    *whole, above, below = re.findall(r"\d+", plain)
    return sum((Fraction(part) for part in whole), Fraction(int(above), int(below)))


def _chinese(number: str) -> int:
    total, digit, scale = 0, 0, 1
    for character in number:
        if character in "十百千":
            scale = {"十": 10, "百": 100, "千": 1000}[character]
            total, digit = total + (digit or 1) * scale, 0
        else:
            digit = _DIGITS[character]
            scale = 1 if digit == 0 else scale
    return total + digit * (scale // 10 if scale > 10 else 1)
