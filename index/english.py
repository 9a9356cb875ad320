"""A small dictionary of cooking English (`search_data/english.txt`), which says what its entries are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DICTIONARY = Path(__file__).parent / "search_data" / "english.txt"

DISH, FOOD, WAY = "dishes", "foods", "ways"
SHELL, ASIDE, BESIDE, WITHOUT, OTHER = "shell", "asides", "beside", "without", "other"

_SHORT = 3
_FIRST, _BEFORE_LAST, _OR = "^", "<", "|"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase stands for.

    Attributes:
        kind: the part of the dictionary that it is in.
        chinese: "" where it adds nothing to a dish's name.
        before_more: the Chinese in front of another word: 鸡, but 鸡肉沙拉.
        is_first: it is named first in Chinese, wherever it stands: 「curry japanese style」.
        is_before_last: it is named before the last word: 「beef stew」 is 炖牛肉.
    """

    kind: str
    chinese: str = ""
    before_more: str = ""
    is_first: bool = False
    is_before_last: bool = False


def stem(word: str) -> str:
    """A word without the s of its plural, so that 「berries」 and 「berry」 are the same."""
    if len(word) > _SHORT and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
        if word.endswith(("oe", "she", "che", "xe", "sse")):
            word = word[:-1]
    if len(word) > _SHORT and word.endswith("y") and word[-2] not in "aeou":
        word = word[:-1] + "ie"
    return word


def phrase_of(words: list[str]) -> str:
    """The key under which a dictionary has these words."""
    return " ".join(stem(word.replace("'", "")) for word in words)


@cache
def dictionary() -> tuple[dict[str, Entry], int]:
    """Phrase → entry, and how many words the longest phrase has."""
    entries: dict[str, Entry] = {}
    kind = ""
    for line in _DICTIONARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            phrases, _, chinese = line.partition(":")
            entry = _entry(kind, chinese.strip())
            for phrase in phrases.split(","):
                entries[phrase_of(re.findall(r"[a-zü']+", phrase))] = entry
    return entries, max(len(phrase.split()) for phrase in entries)


def _entry(kind: str, text: str) -> Entry:
    chinese, _, before_more = text.lstrip(_FIRST + _BEFORE_LAST).partition(_OR)
    return Entry(
        kind,
        chinese,
        before_more or chinese,
        is_first=text.startswith(_FIRST),
        is_before_last=text.startswith(_BEFORE_LAST),
    )
