"""Dish names by their sound: finds the one that a misheard sentence names.

Implements `core.ports.DishCorrector`.

1. A sentence that is plainly about something else is left alone (`index.spoken_sentence.names_no_dish`).
2. Recall: a name scores by how well each of its syllables is to be heard somewhere in the sentence, order
   ignored; two passes over all names as arrays, some tens of milliseconds for a million.
3. The best few thousand are aligned with the sentence: a weighted edit distance over syllables in which the
   name may begin and end anywhere, and what is left on both sides is paid for as shell or stray words.
4. Distance, margin and length become a confidence (`index.spoken_confidence`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.voice_ports import Correction
from index.phonetics import Costs, syllabary
from index.spoken_confidence import ASK, SURE, Confidence, Evidence, load_confidence
from index.spoken_sentence import Sentence, names_no_dish
from index.text import plain_key_of

MIN_CHARACTERS = 2
MAX_CHARACTERS = 14
"""Names that are longer are decorated titles; nobody says them."""
ALIGNED = 3000
"""Names that are compared with the sentence syllable by syllable."""
UNSAID = 0.75
"""Cost of a syllable of the name that was not heard."""
INSERTED = 0.75
"""Cost of a syllable heard within the name that is not of it."""
LEFT_OUT = (0.15, 0.03)
"""Cost of leaving out the beginning or the end of a name, and of each syllable left out: 「家常红烧排骨」 is
asked for as 「红烧排骨」."""
LEAST_SAID = 3
"""Characters of a name that are said at least, when not all of it is: 「红烧」 names nothing."""
MISSPELLED = 0.1
"""Cost of a character that is heard as another one of the same sound: tells homophones apart."""
_UNLIKE = 0.5
"""Syllables that are further apart than this do not count in recall."""
_AKIN = 0.8
"""Names that cost this much more than the best are no alternatives to it."""
_ALTERNATIVES = 4
_PLAIN_CHARACTERS = 3
_PLAIN_COST = 0.18
_RIVALS = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A name as it was found in a sentence.

    Attributes:
        name: the whole of it.
        said: the name, or the part of it that was said.
        start: first character of the sentence that was read as the name.
        end: the character after the last.
        cost: of the whole reading, shells and strays included; 0 is a perfect one.
        off: the part of `cost` that lies in the name.
    """

    name: str
    said: str
    start: int
    end: int
    cost: float
    off: float


class SpokenNames:
    """The names of an index, ordered by length; safe to use from several threads.

    Args:
        names: normalised (`index.text.plain_key_of`), as often as they occur.
        confidence: turns evidence into a chance.

    Attributes:
        _syllables: for each syllable number, the codes of all names that are longer than it.
        _firsts: for each syllable number, the first name that is longer than it.
    """

    def __init__(self, names: Iterable[str], confidence: Confidence) -> None:
        counts: dict[str, int] = {}
        for name in names:
            if MIN_CHARACTERS <= len(name) <= MAX_CHARACTERS:
                counts[name] = counts.get(name, 0) + 1
        self._common = tuple(sorted(counts, key=lambda name: -counts[name])[:10_000])
        ordered = sorted(counts, key=len)
        self._names = ordered
        self._confidence = confidence
        self._lengths = np.fromiter(map(len, ordered), dtype=np.uint8, count=len(ordered))
        apart = "\0".join(ordered)  # no word is read across two names
        flat = syllabary().codes(apart)
        begins = np.concatenate([[0], np.cumsum(self._lengths + 1, dtype=np.int64)])
        self._neighbours = np.unique(_pairs(apart))
        self._syllables = np.zeros((MAX_CHARACTERS, len(ordered)), dtype=np.uint16)
        self._firsts = []
        for place in range(MAX_CHARACTERS):
            first = int(np.searchsorted(self._lengths, place, "right"))
            self._firsts.append(first)
            self._syllables[place, first:] = flat[begins[first:-1] + place]

    @staticmethod
    def of(names: Iterable[str]) -> SpokenNames:
        """The names of dishes, repeated as often as they occur."""
        return SpokenNames(map(plain_key_of, names), load_confidence())

    def __len__(self) -> int:
        return len(self._names)

    def hotwords(self, limit: int) -> tuple[str, ...]:
        """The most common names, at most `limit`."""
        return self._common[: max(limit, 0)]

    async def correct(self, transcript: str) -> Correction:
        """Correct the dish's name in `transcript`, in a thread."""
        return await asyncio.to_thread(self.correct_now, transcript)

    def correct_now(self, transcript: str) -> Correction:
        """Correct the dish's name in `transcript`, in this thread."""
        sentence = Sentence.of(transcript)
        found = self.find(sentence)
        if not found or (names_no_dish(transcript) and not _is_plain(found[0])):
            return Correction(transcript)
        best = found[0]
        if sentence.talk < best.cost:
            return Correction(transcript)
        if sentence.text[best.start : best.end] == best.said:
            return Correction(transcript, best.said)
        confidence = self._confidence.probability(self.evidence(sentence, found))
        if confidence < ASK:
            return Correction(transcript)
        # What is offered to choose from are whole names; what is sure keeps to the words that were said.
        dish = best.said if confidence >= SURE else best.name
        akin = (one.name for one in found[1:] if one.cost < best.cost + _AKIN)
        alternatives = tuple(dict.fromkeys(name for name in akin if name != dish))
        sentence_with_dish = sentence.with_name(best.start, best.end, dish)
        return Correction(sentence_with_dish, dish, confidence, alternatives[:_ALTERNATIVES])

    def evidence(self, sentence: Sentence, found: Sequence[Found]) -> Evidence:
        """What speaks for the first of `found`."""
        best, length = found[0], len(found[0].said)
        rivals = (one.cost for one in found[1:] if one.cost > best.cost + MISSPELLED or one.off != best.off)
        heard = sentence.text[best.start : best.end]
        return Evidence(
            off=best.off / length,
            strays=(best.cost - best.off) / length,
            margin=min(1.0, next(rivals, np.inf) - best.cost),
            length=length,
            same=sum(map(str.__eq__, heard, best.said)) / length,
            fluent=self._fluency(heard),
            worst=self._worst(sentence, best),
        )

    @staticmethod
    def _worst(sentence: Sentence, found: Found) -> float:
        """The cost of the syllable that was misheard most."""
        if found.end - found.start != len(found.said):
            return UNSAID
        codes = syllabary().codes(found.said)
        return float(sentence.heard[range(found.start, found.end), codes].max())

    def _fluency(self, heard: str) -> float:
        """The share of characters that stand beside one that they stand beside in some name."""
        known = np.isin(_pairs(heard), self._neighbours)
        return float((np.append(known, False) | np.insert(known, 0, False)).mean()) if heard else 0.0

    def find(self, sentence: Sentence) -> list[Found]:
        """The names, or parts of them, that the sentence may speak of, likeliest first, at most `_RIVALS`."""
        if not sentence.text or not self._names:
            return []
        numbers = self._recalled(sentence)
        best = np.argsort(self._aligned(sentence, numbers), kind="stable")[:_RIVALS]
        found = sorted(
            (align(sentence, self._names[numbers[place]]) for place in best), key=lambda one: one.cost
        )
        return list({one.said: one for one in reversed(found)}.values())[::-1]

    def _recalled(self, sentence: Sentence) -> NDArray[np.intp]:
        """The numbers of the names whose syllables are to be heard in the sentence, order ignored."""
        if len(self._names) <= ALIGNED:
            return np.arange(len(self._names))
        near = np.maximum(0, 1 - sentence.heard.min(axis=0) / _UNLIKE)
        scores = np.zeros(len(self._names), dtype=np.float32)
        for place, first in enumerate(self._firsts):
            scores[first:] += near[self._syllables[place, first:]]
        scores -= 0.5 * self._lengths
        return np.argpartition(scores, -ALIGNED)[-ALIGNED:]

    def _aligned(self, sentence: Sentence, numbers: NDArray[np.intp]) -> Costs:
        """The cost of reading each of the names in the sentence: float32 [len(numbers)]."""
        syllables = self._syllables[:, numbers].T
        lengths = self._lengths[numbers].astype(np.intp)[:, None]
        said = np.arange(int(lengths.max()) + 1)
        unsaid = UNSAID * said.astype(np.float32)
        beginning = np.where(said <= lengths - LEAST_SAID, _left_out(said), unsaid)
        rest = np.where(said <= lengths, _left_out(lengths - said), np.inf)
        rest[(said < LEAST_SAID) & (said < lengths)] = np.inf
        row = beginning + sentence.openings[0]
        best = (row + rest).min(axis=1) + sentence.endings[0]
        for place, costs in enumerate(sentence.heard, 1):
            after = np.minimum(row + INSERTED, beginning + sentence.openings[place])
            np.minimum(after[:, 1:], row[:, :-1] + costs[syllables[:, : said[-1]]], out=after[:, 1:])
            row = np.minimum.accumulate(after - unsaid, axis=1) + unsaid
            best = np.minimum(best, (row + rest).min(axis=1) + sentence.endings[place])
        return np.asarray(best, dtype=np.float32)


def _left_out(syllables: NDArray[np.intp]) -> Costs:
    """The cost of leaving out that many syllables at one end of a name."""
    first, each = LEFT_OUT
    return np.where(syllables > 0, first + each * syllables, 0).astype(np.float32)


@dataclass(frozen=True, slots=True, order=True)
class _Path:
    """A reading so far: its cost, where the name begins in the sentence and in itself, the cost before."""

    cost: float
    start: int = 0
    skipped: int = 0
    before: float = 0

    def plus(self, cost: float) -> _Path:
        return _Path(self.cost + cost, self.start, self.skipped, self.before)


def align(sentence: Sentence, name: str) -> Found:
    """The cheapest reading of `name`, or of a part of it, in the sentence, spelling included."""
    codes, skipping = syllabary().codes(name).tolist(), _left_out(np.arange(len(name) + 1)).tolist()
    places, most = range(len(name) + 1), max(0, len(name) - LEAST_SAID)

    def begun(place: int) -> list[_Path]:
        opening = float(sentence.openings[place])
        return [
            _Path(opening + skipping[k], place, k, opening) if k <= most else _Path(np.inf) for k in places
        ]

    row, best = begun(0), (_Path(np.inf), 0, 0)
    for place, (character, costs) in enumerate(zip(sentence.text, sentence.heard.tolist(), strict=True), 1):
        after = begun(place)
        for k, (written, code) in enumerate(zip(name, codes, strict=True), 1):
            off = costs[code] + MISSPELLED * (character != written)
            after[k] = min(after[k], row[k - 1].plus(off), row[k].plus(INSERTED), after[k - 1].plus(UNSAID))
        row = after
        ending = float(sentence.endings[place])
        for k in places:
            if k - row[k].skipped >= min(LEAST_SAID, len(name)):
                best = min(best, (row[k].plus(ending + skipping[len(name) - k]), place, k))
    path, end, until = best
    off = (
        path.cost
        - path.before
        - float(sentence.endings[end])
        - skipping[path.skipped]
        - skipping[len(name) - until]
    )
    return Found(name, name[path.skipped : until], path.start, end, path.cost, max(0.0, off))


def _is_plain(found: Found) -> bool:
    """Whether a name sounds so much like the sentence that it overrules the words: 「没采口肉怎么弄」."""
    return len(found.said) >= _PLAIN_CHARACTERS and found.cost <= _PLAIN_COST * len(found.said)


def _pairs(text: str) -> NDArray[np.uint64]:
    """Neighbouring characters of `text`, each pair as one number."""
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4").astype(np.uint64)
    return points[:-1] << np.uint64(32) | points[1:]
