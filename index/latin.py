"""Questions in Latin letters: pinyin and English turned to Chinese, so that they can be looked up.

Pinyin becomes the ingredients and dishes that sound so, and elsewhere characters that nobody uses, one for
each syllable: 「suanla yu」 is then a dish that was misspelled, and found as such. English goes by a small
dictionary of dishes, ingredients and ways to cook (`search_data/english.txt`). A run of words that are not
all understood is left as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pypinyin.constants import PINYIN_DICT

from core.ingredient_words import VOCABULARY
from index.pinyin import syllables

_DICTIONARY = Path(__file__).parent / "search_data" / "english.txt"
_RUN = re.compile(r"[a-züv][a-zü' \-]*[a-zü]")
_WORD = re.compile(r"[a-zü']+")
_WITH = "+"
_MAX_WORDS = 12
_MAX_LETTERS = 80
_MAX_SYLLABLE_LETTERS = 6
_MAX_WORD_SYLLABLES = 5


def in_chinese(text: str) -> str:
    """A `simplify`-ed question with its Latin runs in Chinese; `text` itself when none was understood."""
    return _RUN.sub(lambda match: _translated(match.group()) or match.group(), text)


def _translated(run: str) -> str:
    """The Chinese for a run of Latin words, "" when one of them is not understood."""
    words = _WORD.findall(run)
    if len(words) > _MAX_WORDS or len(run) > _MAX_LETTERS:
        return ""
    dictionary, longest = _dictionary()
    chinese: list[str] = []
    heard: list[str] = []
    place = 0
    while place < len(words):
        for count in range(min(longest, len(words) - place), 0, -1):
            known = dictionary.get(" ".join(words[place : place + count]))
            if known is not None:
                chinese += [_written(heard), known]
                heard = []
                place += count
                break
        else:
            said = _syllables_in(words[place].replace("'", ""))
            if not said:
                return ""
            heard += said
            place += 1
    main, _, beside = "".join([*chinese, _written(heard)]).partition(_WITH)
    return beside + main  # 「beef with broccoli」 is 西兰花牛肉


def _written(heard: list[str]) -> str:
    """Syllables as the longest words that sound so, and as rare characters where none does."""
    written, place = "", 0
    while place < len(heard):
        for count in range(min(_MAX_WORD_SYLLABLES, len(heard) - place), 1, -1):
            word = _words_by_sound().get(tuple(heard[place : place + count]))
            if word is not None:
                written += word
                place += count
                break
        else:
            written += _spoken_as()[heard[place]]
            place += 1
    return written


def _syllables_in(word: str) -> list[str]:
    """A run of letters as the fewest syllables of pinyin, [] when it is none."""
    best: list[list[str] | None] = [[], *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _MAX_SYLLABLE_LETTERS), end):
            before, syllable = best[start], word[start:end].replace("ü", "v")
            if before is None or syllable not in _spoken_as():
                continue
            so_far = best[end]
            if so_far is None or len(before) + 1 < len(so_far):
                best[end] = [*before, syllable]
    return best[len(word)] or []


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
    """Ingredients and dishes by their syllables."""
    known = sorted({*VOCABULARY, *_dictionary()[0].values()})
    return {syllables(word): word for word in known if 2 <= len(word) <= _MAX_WORD_SYLLABLES}


@cache
def _dictionary() -> tuple[dict[str, str], int]:
    """English → Chinese, and how many words its longest entry has."""
    entries: dict[str, str] = {}
    for line in _DICTIONARY.read_text(encoding="utf-8").splitlines():
        english, separator, chinese = line.partition(":")
        if separator and not line.startswith("#"):
            entries[" ".join(_WORD.findall(english))] = chinese.strip()
    return entries, max(len(english.split()) for english in entries)
