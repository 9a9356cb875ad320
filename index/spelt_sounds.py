"""Pinyin that was typed: its syllables, and characters that sound so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pypinyin.constants import PINYIN_DICT

from core.ingredient_words import VOCABULARY
from index.english import DISH, FOOD, dictionary
from index.pinyin import syllables

_MAX_SYLLABLE_LETTERS = 6
_MAX_WORD_SYLLABLES = 5


def syllables_in(word: str) -> list[str]:
    """A run of letters as the fewest syllables of pinyin, [] when it is none; an apostrophe parts them."""
    found: list[str] = []
    for letters in word.split("'"):
        parted = _parted(letters.replace("ü", "v"))
        if not parted:
            return []
        found += parted
    return found


def _parted(letters: str) -> list[str]:
    best: list[list[str] | None] = [[], *[None] * len(letters)]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - _MAX_SYLLABLE_LETTERS), end):
            before, syllable = best[start], letters[start:end]
            if before is None or syllable not in _spoken_as():
                continue
            so_far = best[end]
            if so_far is None or len(before) + 1 < len(so_far):
                best[end] = [*before, syllable]
    return best[len(letters)] or []


def written(heard: Sequence[str]) -> str:
    """Syllables as the longest words that sound so, and as rare characters where none does."""
    text, place = "", 0
    while place < len(heard):
        for count in range(min(_MAX_WORD_SYLLABLES, len(heard) - place), 1, -1):
            word = _words_by_sound().get(tuple(heard[place : place + count]))
            if word is not None:
                text += word
                place += count
                break
        else:
            text += _spoken_as()[heard[place]]
            place += 1
    return text


def is_word(heard: Sequence[str]) -> bool:
    """Whether an ingredient or a dish sounds like these syllables."""
    return tuple(heard) in _words_by_sound()


@cache
def _spoken_as() -> dict[str, str]:
    """Each syllable of pinyin, and a character that is read so and not otherwise, and that no dish has."""
    table: dict[str, str] = {}
    for code in sorted(PINYIN_DICT, reverse=True):
        if 0x4E00 <= code <= 0x9FA5:
            table.setdefault(syllables(chr(code))[0], chr(code))
    return {syllable: character for syllable, character in table.items() if syllable.isascii()}


@cache
def _words_by_sound() -> dict[tuple[str, ...], str]:
    """Ingredients and dishes by their syllables; where several sound alike, an ingredient that we know."""
    named = {entry.chinese for entry in dictionary()[0].values() if entry.kind in {DISH, FOOD}}
    known = [*sorted(named), *sorted(VOCABULARY)]
    return {syllables(word): word for word in known if 2 <= len(word) <= _MAX_WORD_SYLLABLES}
