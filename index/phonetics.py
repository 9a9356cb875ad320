"""How alike syllables of Mandarin sound to a recogniser, and how characters are read.

A syllable is an initial and a final (pypinyin's strict scheme, tones dropped). The tables below list the
pairs that accents and recognisers confuse, each with a cost in [0, 1]; a pair that is not listed costs as
much as the cheapest chain of listed ones (zh→z→c), at most 1. What is listed follows the phonology of the
dialects (zh/z, n/l, f/h, an/ang) and of foreign accents (b/p, d/t, g/k by voicing), checked against what a
recogniser made of synthesised dish names.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_finals, to_initials

Costs = NDArray[np.float32]
Codes = NDArray[np.uint16]

INITIAL_SHARE = 0.45
"""How much of a syllable's cost lies in its initial; the rest lies in its final."""
OTHER_READING = 0.1
"""Added for a reading of a character that its neighbours do not ask for (炸 as zhá in 炸鸡)."""

_INITIALS = """
.12 z zh, c ch, s sh
.15 n l
.25 f h, l r, b p, d t, g k, j q, z c, zh ch
.30 zh j, ch q, sh x, z j, c q, s x
.35 c s, ch sh, q x, zh sh, j x, r zh, k h
.40 d l, d n, r -, m n, d z, t c, j d, q t, b m
.50 h -, g -, h x, p f, g j, k q, h sh, m -, n -, l -
.60 b f, g d, k t
"""
_FINALS = """
.08 an ang, en eng, in ing
.12 ian iang, uan uang, o uo
.20 en in, eng ing, uen ong, eng ong, ei uei, en uen, ou iou, ii i, v i, van ian, vn in, iong ong
.25 e uo, e o, an uan, ang uang, ang iang, ao iao, ve ie, ai uai, a ua, a ia, ua ia, v u, ou u, ou uo, ong ou
.30 an ai, ai ei, en ei, ie i, ei i, ii e, er e, ao ou, ao o, ian ie, ian in, in i, uen uei, uan uai
.30 an ian, ve iao, ie iao, uo u, ong u, en e, eng e, iou iao, uei ei, van uan
.35 an a, ang a, ai a, ao a, e a, a o, er a, ian ia, iang ia, ian i, an en, ang eng, ie ei, uai uei, uan uen
.35 ii u, iong iou, vn v, ve v, iou i, ang ao, ong ang, ia ie, e ei, ai e
"""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NUMERALS = "ling yi er san si wu liu qi ba jiu"
_DIGITS = {str(value): sound for value, sound in enumerate(_NUMERALS.split())}
_MORE_READINGS = {"1": ("yao",), "2": ("liang",), "二": ("liang",), "两": ("er",)}
_HAN = range(0x3400, 0xA000)
_TONES = str.maketrans(
    "āáǎàēéěèōóǒòīíǐìūúǔùǖǘǚǜüńňǹḿ", "aaaaeeeeooooiiiiuuuuvvvvvnnnm", "\u0300\u0304\u0301\u030c"
)
_MOST_READINGS = 2
"""Readings of a character considered beside the one that its neighbours ask for; later ones are rare."""
SOUNDLESS = 0
"""The code of a character without a sound; it is unlike every other, itself included."""


def _closed(table: str) -> tuple[dict[str, int], Costs]:
    """Symbols numbered, and the cost of the cheapest chain between any two."""
    pairs: list[tuple[float, str, str]] = []
    for line in table.strip().split("\n"):
        share, _, rest = line.partition(" ")
        for pair in rest.split(","):
            a, b = pair.split()
            pairs.append((float(share), a, b))
    names = sorted({symbol for _, a, b in pairs for symbol in (a, b)})
    symbols = {name: number for number, name in enumerate(names)}
    costs = np.ones((len(names), len(names)), dtype=np.float32)
    np.fill_diagonal(costs, 0)
    for cost, a, b in pairs:
        i, j = symbols[a], symbols[b]
        costs[i, j] = costs[j, i] = min(costs[i, j], cost)
    for k in range(len(names)):
        costs = np.minimum(costs, costs[:, k, None] + costs[None, k, :])
    return symbols, costs


def _parts(syllable: str) -> tuple[str, str]:
    """Initial ("-" for none) and final of a toneless syllable; the vowel of zi, zhi, ri is "ii"."""
    initial, final = to_initials(syllable) or "-", to_finals(syllable)
    if final == "i" and initial in {"z", "c", "s", "zh", "ch", "sh", "r"}:
        final = "ii"
    return initial, final


def _toneless(readings: str) -> list[str]:
    """The different syllables of an entry of pypinyin's dictionary, the usual one first."""
    return list(dict.fromkeys(readings.translate(_TONES).split(",")))


class Syllabary:
    """Every syllable of Mandarin, numbered; how text is read, and what it costs to mishear a syllable.

    Codes: 0 for what has no sound, then the 26 Latin letters, then syllables. Get it from `syllabary()`.

    Attributes:
        costs: float32 [codes, codes], symmetric, in [0, 1]: 0 alike, 1 nothing in common.
    """

    def __init__(self) -> None:
        readings = {chr(c): _toneless(PINYIN_DICT[c]) for c in _HAN if c in PINYIN_DICT}
        self._number_syllables({syllable for several in readings.values() for syllable in several})
        self._usual: Codes = np.zeros(0x10000, dtype=np.uint16)
        self._others: dict[str, tuple[int, ...]] = {}
        for letter in _LETTERS:
            self._usual[ord(letter)] = 1 + _LETTERS.index(letter)
        for character, several in (readings | {digit: [sound] for digit, sound in _DIGITS.items()}).items():
            sounds = [*several, *_MORE_READINGS.get(character, ())]
            self._usual[ord(character)] = self._codes.get(sounds[0], SOUNDLESS)
            if len(sounds) > 1:
                self._others[character] = tuple(self._codes.get(s, SOUNDLESS) for s in sounds)
        self._learn_words()

    def _number_syllables(self, syllables: set[str]) -> None:
        initials, initial_costs = _closed(_INITIALS)
        finals, final_costs = _closed(_FINALS)
        parts = {syllable: _parts(syllable) for syllable in sorted(syllables)}
        known = {s: (initials[i], finals[f]) for s, (i, f) in parts.items() if i in initials and f in finals}
        start = 1 + len(_LETTERS)
        self._codes = {syllable: number for number, syllable in enumerate(known, start)}
        first, second = np.array(list(known.values())).T
        self.costs: Costs = np.ones((start + len(known),) * 2, dtype=np.float32)
        self.costs[start:, start:] = (
            INITIAL_SHARE * initial_costs[np.ix_(first, first)]
            + (1 - INITIAL_SHARE) * final_costs[np.ix_(second, second)]
        )
        letters = np.arange(1, start)
        self.costs[letters, letters] = 0

    def _learn_words(self) -> None:
        """Words of two characters that are not read as their characters usually are: 蛤蜊, 薄荷."""
        found: dict[int, tuple[int, int]] = {}
        for word, sounds in PHRASES_DICT.items():
            if len(word) != 2 or not (ord(word[0]) in _HAN and ord(word[1]) in _HAN):
                continue
            read = tuple(self._codes.get(_toneless(sound[0])[0], SOUNDLESS) for sound in sounds)
            if len(read) == 2 and read != tuple(self._usual[list(map(ord, word))]):
                found[ord(word[0]) << 16 | ord(word[1])] = read
        keys = sorted(found)
        self._words = np.array(keys, dtype=np.uint32)
        self._word_codes = np.array([found[key] for key in keys], dtype=np.uint16)

    def code(self, syllable: str) -> int:
        """The number of a toneless syllable ("lv" for 绿); `SOUNDLESS` for what is none."""
        return self._codes.get(syllable, SOUNDLESS)

    def codes(self, text: str) -> Codes:
        """How `text` is read: uint16 [len(text)], a code for each character."""
        points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4")
        codes = self._usual[np.where(points < len(self._usual), points, 0)]
        pairs = points[:-1] << 16 | points[1:]
        places = np.minimum(np.searchsorted(self._words, pairs), len(self._words) - 1)
        for at in (self._words[places] == pairs).nonzero()[0] if len(pairs) else ():
            codes[at : at + 2] = self._word_codes[places[at]]
        return codes

    def heard(self, text: str) -> Costs:
        """What it costs to have heard each character of `text` for a syllable: float32 [len(text), codes].

        A character's other readings count as well, at `OTHER_READING` more.
        """
        rows = self.costs[self.codes(text)]
        for place, character in enumerate(text):
            for code in self._others.get(character, ())[: _MOST_READINGS + 1]:
                rows[place] = np.minimum(rows[place], self.costs[code] + OTHER_READING)
        return rows


@cache
def syllabary() -> Syllabary:
    """The one syllabary of the process; takes about a tenth of a second the first time."""
    return Syllabary()
