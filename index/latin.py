"""Questions in Latin letters: pinyin and English turned to Chinese, so that they can be looked up.

Pinyin becomes characters that nobody uses, one for each syllable: 「gongbao jiding」 is then a dish that was
heard and misspelled, and found as such. English goes by a small dictionary of dishes, ingredients and ways
to cook (`search_data/english.txt`). A run of words that are not all understood is left as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pypinyin.constants import PINYIN_DICT

from index.pinyin import syllables

_DICTIONARY = Path(__file__).parent / "search_data" / "english.txt"
_RUN = re.compile(r"[a-züv][a-zü' \-]*[a-zü]")
_WORD = re.compile(r"[a-zü']+")
_MAX_WORDS = 12
_MAX_SYLLABLE_LETTERS = 6


def in_chinese(text: str) -> str:
    """A `simplify`-ed question with its Latin runs in Chinese; `text` itself when none was understood."""
    return _RUN.sub(lambda match: _translated(match.group()) or match.group(), text)


def _translated(run: str) -> str:
    """The Chinese for a run of Latin words, "" when one of them is not understood."""
    words = _WORD.findall(run)
    if len(words) > _MAX_WORDS:
        return ""
    dictionary, longest = _dictionary()
    chinese: list[str] = []
    place = 0
    while place < len(words):
        for count in range(min(longest, len(words) - place), 0, -1):
            known = dictionary.get(" ".join(words[place : place + count]))
            if known is not None:
                chinese.append(known)
                place += count
                break
        else:
            said = _syllables_in(words[place].replace("'", ""))
            if not said:
                return ""
            chinese.append("".join(_spoken_as()[syllable] for syllable in said))
            place += 1
    return "".join(_main_part_last(words, chinese))


def _main_part_last(words: list[str], chinese: list[str]) -> list[str]:
    """「beef with broccoli」 is 西兰花牛肉: what stands after "with" comes first."""
    if words.count("with") != 1 or "" not in chinese:
        return chinese
    place = chinese.index("")
    return chinese[place + 1 :] + chinese[:place]


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
def _dictionary() -> tuple[dict[str, str], int]:
    """English → Chinese, and how many words its longest entry has."""
    entries: dict[str, str] = {}
    for line in _DICTIONARY.read_text(encoding="utf-8").splitlines():
        english, separator, chinese = line.partition(":")
        if separator and not line.startswith("#"):
            entries[" ".join(_WORD.findall(english))] = chinese.strip()
    return entries, max(len(english.split()) for english in entries)
