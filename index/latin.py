"""Questions in Latin letters: pinyin and English turned to Chinese, so that they can be looked up.

Pinyin becomes the ingredients and dishes that sound so, and elsewhere characters that nobody uses, one for
each syllable: 「suanla yu」 is then a dish that was misspelled, and found as such. English goes by a small
dictionary (`index.english`). What is said around a dish (「pls」, 「for beginners」) is left out, and so
are a few words that the dictionary lacks, where the dish is clear without them. A noun behind a dish is no
such word, for in English the last one says what is talked of: 「chicken pox」. What is not understood is left
as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.english import ASIDE, BESIDE, DISH, FOOD, OTHER, SHELL, WITHOUT, Entry, dictionary, phrase_of
from index.spelt_sounds import is_word, syllables_in, written

_RUN = re.compile(r"[0-9a-z\u00c0-\u024f](?:[^\u2e80-\uffff]*[0-9a-z\u00c0-\u024f])?")
_TONES = re.compile(r"(?:[a-zü]{1,6}[0-5])+")
_TOKEN = re.compile(r"[a-zü]+(?:[0-5]+[a-zü]+)*[0-5]?(?:'[a-zü]+)*|[^\w\s'’&-]")
_ACCENTS = re.compile("[\u0300-\u0307\u0309-\u036f]")
_SPELLINGS = (("’", "'"), ("‘", "'"), ("w/o ", " without "), ("w/", " with "), ("&", " and "))
_MAX_WORDS = 24
_MAX_LETTERS = 160

_HEARD, _UNKNOWN = "heard", "unknown"
_NAMES = frozenset({DISH, FOOD, _HEARD})
_AROUND = frozenset({SHELL, ASIDE, BESIDE, WITHOUT, OTHER})
_STRANGE_BEFORE, _STRANGE_ASIDE = 2, 4
"""So many unknown words may stand before a dish (one before 「cookies」), and behind 「for」, 「like」 …"""
_STRANGE_BEFORE_FOODS, _STRANGE_ASIDE_OF_FOODS = 1, 2
"""The same where no dish is named, but `_FOODS_OF_A_DISH` are: 「velvety carrot soup」."""
_FOODS_OF_A_DISH = 2
_LONG_WORD = 2
"""A word of so many syllables of pinyin may stand among English: 「gongbao shrimp」."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """An entry of the dictionary, of so many words, syllables of pinyin, or a word that is neither."""

    entry: Entry
    heard: tuple[str, ...] = ()
    words: int = 1

    @property
    def kind(self) -> str:
        """The part of the dictionary that it is in, `_HEARD` or `_UNKNOWN`."""
        return self.entry.kind


_STRANGE = _Piece(Entry(_UNKNOWN))


@dataclass(slots=True)
class _Clause:
    """What stands between two marks of punctuation, with the unknown words by where they stand."""

    pieces: list[_Piece] = field(default_factory=list)
    before: int = 0
    behind: int = 0
    aside: int = 0

    @staticmethod
    def of(pieces: Sequence[_Piece]) -> _Clause:
        """Sort the words out; those of no meaning go."""
        clause, is_aside = _Clause(), False
        for piece in pieces:
            if piece.kind == _UNKNOWN:
                if not clause.names:
                    clause.before += 1
                elif is_aside:
                    clause.aside += 1
                else:
                    clause.behind += 1
            elif piece.kind == ASIDE:
                is_aside = bool(clause.names)
            elif piece.kind != SHELL:
                clause.pieces.append(piece)
        return clause

    @property
    def names(self) -> int:
        """How many foods and dishes are named."""
        return sum(piece.kind in _NAMES for piece in self.pieces)

    @property
    def has_dish(self) -> bool:
        """Whether a dish is named."""
        return any(piece.kind == DISH for piece in self.pieces)

    @property
    def leaves_out_something_unknown(self) -> bool:
        """Whether it says 「without」, and nobody knows without what."""
        kinds = [piece.kind for piece in self.pieces]
        return WITHOUT in kinds and not _NAMES.intersection(kinds[kinds.index(WITHOUT) :])

    @property
    def strange(self) -> int:
        """How many words are unknown."""
        return self.before + self.behind + self.aside

    @property
    def is_clear(self) -> bool:
        """Whether what is named is what is talked of."""
        if not self.strange:
            return True
        if self.has_dish:
            words = max(piece.words for piece in self.pieces if piece.kind == DISH)
            before, aside = min(words, _STRANGE_BEFORE), _STRANGE_ASIDE
        elif self.names >= _FOODS_OF_A_DISH:
            before, aside = _STRANGE_BEFORE_FOODS, _STRANGE_ASIDE_OF_FOODS
        else:
            return False
        return not self.behind and self.before <= before and self.aside <= aside


def in_chinese(text: str) -> str:
    """A `simplify`-ed question with its Latin runs in Chinese; `text` itself when none was understood."""
    return _RUN.sub(lambda match: _translated(match.group()) or match.group(), text)


def _translated(run: str) -> str:
    """The Chinese for a run of Latin words, "" when it is not understood."""
    if len(run) > _MAX_LETTERS or not any(character.isalpha() for character in run):
        return ""
    clauses = [_Clause.of(_pieces(words)) for words in _clauses(run)]
    if any(piece.kind == OTHER for clause in clauses for piece in clause.pieces):
        return ""
    if any(clause.leaves_out_something_unknown for clause in clauses):
        return ""
    named = [clause for clause in clauses if clause.names]
    if not named:
        return "" if any(clause.strange for clause in clauses) else "".join(map(_composed, clauses))
    clear = [clause for clause in named if clause.is_clear]
    if len(clear) < len(named) and not any(clause.has_dish for clause in clear):
        return ""
    return "".join(map(_composed, clear))


def _clauses(run: str) -> list[list[str]]:
    """The words of a run between its marks; [] when there are too many."""
    for mark, spelling in _SPELLINGS:
        run = run.replace(mark, spelling)
    letters = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", run)))
    clauses: list[list[str]] = [[]]
    for token in _TOKEN.findall(letters):
        if token[0].isalpha():
            clauses[-1].append(token)
        else:
            clauses.append([])
    return clauses if sum(map(len, clauses)) <= _MAX_WORDS else []


def _pieces(words: list[str]) -> list[_Piece]:
    """The words of a clause as entries of the dictionary, pinyin, and what is neither."""
    entries, longest = dictionary()
    sounds = [_sounds_of(word) for word in words]
    is_pinyin = all(sounds) and any(phrase_of([word]) not in entries for word in words)
    pieces: list[_Piece] = []
    place = 0
    while place < len(words):
        for count in range(min(longest, len(words) - place), 0, -1):
            entry = entries.get(phrase_of(words[place : place + count]))
            if entry is not None and not (is_pinyin and entry.kind in _AROUND):  # 「you tiao」
                pieces.append(_Piece(entry, words=count))
                place += count
                break
        else:
            pieces.append(_Piece(Entry(_HEARD), tuple(sounds[place])) if sounds[place] else _STRANGE)
            place += 1
    return pieces if is_pinyin else _without_chance_sounds(pieces)


def _sounds_of(word: str) -> list[str]:
    """The syllables of a word that may be pinyin, with its tones or without; [] for any other."""
    if word.isalpha() or "'" in word:
        return syllables_in(word)
    return syllables_in(re.sub("[0-5]", "'", word).strip("'")) if _TONES.fullmatch(word) else []


def _without_chance_sounds(pieces: list[_Piece]) -> list[_Piece]:
    """English that could be pinyin, too, like 「men」 or 「care」, is a word that is not known."""
    has_dish = any(piece.kind == DISH for piece in pieces)
    kept = []
    for place, piece in enumerate(pieces):
        beside = [*pieces[max(0, place - 1) : place], *pieces[place + 1 : place + 2]]
        is_chance = (has_dish or len(piece.heard) < _LONG_WORD) and not any(other.heard for other in beside)
        kept.append(_STRANGE if piece.kind == _HEARD and is_chance and not is_word(piece.heard) else piece)
    return kept


def _composed(clause: _Clause) -> str:
    """The pieces of a clause in the order of Chinese: 「beef with broccoli」 is 西兰花牛肉."""
    parts: list[list[_Piece]] = [[]]
    left_out: list[_Piece] = []
    first, is_left_out = "", False
    for piece in clause.pieces:
        if piece.kind == WITHOUT:
            is_left_out = True
        elif is_left_out:
            left_out += [piece] if piece.kind in _NAMES else []
        elif piece.kind == BESIDE:
            parts.append([])
        elif piece.entry.is_first:
            first += piece.entry.chinese
        else:
            parts[-1].append(piece)
    dish = "".join(map(_joined, reversed(parts)))
    if not left_out:
        return first + dish
    names = "和".join(_joined([piece]) for piece in left_out)
    return f"不含{names}的{first}{dish}" if dish else f"不含{names}，{first}"


def _joined(pieces: list[_Piece]) -> str:
    """The Chinese of pieces with nothing beside them."""
    texts: list[str] = []
    heard: list[str] = []
    followed = [piece for piece in pieces if not piece.entry.is_before_last]
    for piece in pieces:
        if piece.heard:
            heard += piece.heard
            continue
        texts += [written(heard)] if heard else []
        heard = []
        if piece.entry.is_before_last:
            texts.insert(max(0, len(texts) - 1), piece.entry.chinese)
        else:
            texts.append(piece.entry.chinese if piece is followed[-1] else piece.entry.before_more)
    return "".join([*texts, written(heard)])
