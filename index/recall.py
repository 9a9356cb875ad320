"""The forms of an index that a question may mean: two recalls, and how alike each form is to the subject.

What a form is worth does not depend on the part of the index that it lies in. The recalls that cost more
are made only as long as nothing that was found is what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from core.ports import Vectors
from index.calibration import Calibration
from index.lexical import LexicalIndex
from index.likeness import Likeness, Measured, Numbers, Spellings, better_of, measure, ranks_of, spellings_of
from index.segment import Segment

WORD_RECALL = 28
"""With 24 nothing more is lost on a million forms than with 40; each form costs 50 µs."""
VECTOR_RECALL = 20
_CERTAIN = 0.94
"""A form of this rank is the subject, letter by letter: nothing else that it may mean is looked up."""
_LIKELY = 0.8
"""Below this rank single syllables are looked up as well."""
_OTHER_PURPOSE = 0.1
"""What is left of the chance of a dish when a question asks for something that is no recipe."""
_SENTENCE = 10
"""Of so many characters a subject is a story, and hardly like any name."""
_REMEMBERED_FORMS = 20_000

Encode = Callable[[], Vectors | None]

Mentioned = Callable[[Iterable[str]], Sequence[str]]
"""Those of some names (in `canonical_spelling`) that a question mentions."""

Key = tuple[int, int]
"""Number of a part of the index, number of a form within it."""


class VectorSearch(Protocol):
    """The vectors of a part's forms."""

    def search(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """The nearest forms to `vector` (float32 [dim], L2-normalised): (number, cosine), best first."""


@dataclass(frozen=True, slots=True)
class Part:
    """A segment of an index, opened for searching."""

    segment: Segment
    lexical: LexicalIndex
    vectors: VectorSearch | None


@dataclass(frozen=True, slots=True)
class Match:
    """A form that was looked at.

    Attributes:
        part: number of the part of the index that holds it.
        form: its number there.
        text: the form itself.
        subject: which of the subjects it is most like.
        likeness: of the two.
        probability: the calibrated chance in [0, 1] that the form is what was asked for.
        order: what hits are ordered by, in [0, 1]: the mean of likeness and probability. Likeness tells near
            names apart, where the probability of the right ones is all but 1; the probability puts
            「酸辣土豆丝」 before 「土豆泥」 when 「土豆丝」 was asked for.
        words: BM25 sum; None when the recall by words did not bring it.
        cosine: of the two questions; None when the recall by vectors did not bring it.
    """

    part: int
    form: int
    text: str
    subject: str
    likeness: Likeness
    probability: float
    order: float
    words: float | None
    cosine: float | None


class Recall:
    """Finds forms in the parts of an index; safe to use from several threads."""

    def __init__(self, parts: Sequence[Part], calibration: Calibration) -> None:
        self.parts = tuple(parts)
        self._calibration = calibration
        self._spellings: Callable[[str], Spellings] = lru_cache(_REMEMBERED_FORMS)(spellings_of)

    def matches(
        self,
        subjects: Sequence[str],
        encode: Encode,
        other_purpose: str = "",
        mentioned: Mentioned = lambda _: (),
    ) -> list[Match]:
        """The forms that may be meant, best first.

        Args:
            subjects: what the question may be about, the likeliest first; at least one.
            encode: makes the vector of the first subject's question (float32 [dim], L2-normalised), or None
                without vectors. Whoever names a dish to the letter has no use for it.
            other_purpose: a word that asks for no recipe; forms without it are hardly what was asked for.
            mentioned: which of the forms that were found the question has in its middle; subjects, too.
        """
        words = dict(self._by_words(subjects[0]))
        is_named = any(self.form(key) == subjects[0] for key in words)
        looked_at = _LookedAt(self, subjects, {} if is_named else self._nearest(encode()))
        looked_at.add(words)
        for subject in subjects[1:]:
            if looked_at.best < _CERTAIN:
                looked_at.add(dict(self._by_words(subject)))
        if looked_at.best < _LIKELY:
            looked_at.add(dict(self._by_words(subjects[0], widely=True)))
            looked_at.add_subjects(mentioned(looked_at.names()))
        return looked_at.matches(self._calibration, other_purpose)

    def _by_words(self, subject: str, *, widely: bool = False) -> Iterable[tuple[Key, float]]:
        for place, part in enumerate(self.parts):
            search = part.lexical.search_widely if widely else part.lexical.search
            for number, score in search(subject, WORD_RECALL):
                yield (place, number), score

    def _nearest(self, vector: Vectors | None) -> dict[Key, float]:
        return {
            (place, number): cosine
            for place, part in enumerate(self.parts)
            if vector is not None and part.vectors is not None
            for number, cosine in part.vectors.search(vector, VECTOR_RECALL)
        }

    def named(self, subject: str) -> list[Key]:
        """The forms that are `subject`, letter by letter."""
        found = (key for key, _ in self._by_words(subject))
        return [key for key in found if self.form(key) == subject]

    def form(self, key: Key) -> str:
        """The text of a form."""
        return self.parts[key[0]].segment.form(key[1])

    def spellings(self, form: str) -> Spellings:
        """Both spellings of a form or subject."""
        return self._spellings(form)


class _LookedAt:
    """The forms of one search, compared with all of its subjects as they come in."""

    def __init__(self, recall: Recall, subjects: Sequence[str], cosines: dict[Key, float]) -> None:
        self._recall = recall
        self._subjects = list(subjects)
        self._cosines = cosines
        self._floor = min(cosines.values(), default=0.0)  # what was not among the nearest is at most as near
        self._words: dict[Key, float] = {}
        self._forms: dict[Key, str] = {}
        self._measured: list[Measured] = []
        self._closest: list[Numbers] = []
        self.best = 0.0
        self._compare(cosines)

    def add(self, words: dict[Key, float]) -> None:
        """Look at the forms that a recall by words brought, with their scores."""
        for key, score in words.items():
            self._words[key] = max(score, self._words.get(key, 0.0))
        self._compare(words)

    def _places(self) -> Numbers:
        """The places among the nearest vectors: 1, 1/2, 1/3 …."""
        sorted_out = np.argsort([-self._cosines.get(key, 0.0) for key in self._forms], kind="stable")
        places = np.empty(len(sorted_out))
        places[sorted_out] = 1 / np.arange(1, len(sorted_out) + 1)
        return places

    def names(self) -> Iterable[str]:
        """The names of everything that was looked at, in canonical spelling."""
        return (self._recall.spellings(form)[1].characters for form in self._forms.values())

    def add_subjects(self, subjects: Sequence[str]) -> None:
        """Compare everything that was looked at with more subjects."""
        if subjects:
            self._subjects += subjects
            forms, self._forms, self._measured, self._closest = self._forms, {}, [], []
            self._compare(forms)

    def _compare(self, keys: Iterable[Key]) -> None:
        new = {key: self._recall.form(key) for key in keys if key not in self._forms}
        if not new:
            return
        self._forms |= new
        forms = [self._recall.spellings(form) for form in new.values()]
        cosines = np.array([self._cosines.get(key, self._floor) for key in new])
        measured = measure(self._recall.spellings(self._subjects[0]), forms, cosines)
        closest = np.zeros(len(forms))
        for place, subject in enumerate(self._subjects[1:], start=1):
            other = measure(self._recall.spellings(subject), forms, cosines)
            closest[ranks_of(other) > ranks_of(measured)] = place
            measured = better_of(measured, other)
        self._measured.append(measured)
        self._closest.append(closest)
        self.best = max(self.best, float(ranks_of(measured).max()))

    def matches(self, calibration: Calibration, other_purpose: str) -> list[Match]:
        """Everything that was looked at, best first."""
        if not self._forms:
            return []
        measured, closest = np.concatenate(self._measured, axis=1), np.concatenate(self._closest)
        ranks, probabilities = ranks_of(measured), calibration.probabilities(measured)
        if other_purpose:
            probabilities[[other_purpose not in form for form in self._forms.values()]] *= _OTHER_PURPOSE
        orders = (ranks + probabilities) / 2
        if self._cosines and self.best < _LIKELY and len(self._subjects[0]) >= _SENTENCE:
            orders = self._places()  # of a story, likeness says little
        keys = list(self._forms)
        return [
            Match(
                part=keys[column][0],
                form=keys[column][1],
                text=self._forms[keys[column]],
                subject=self._subjects[int(closest[column])],
                likeness=Likeness.of(measured, column),
                probability=float(probabilities[column]),
                order=float(orders[column]),
                words=self._words.get(keys[column]),
                cosine=self._cosines.get(keys[column]),
            )
            for column in np.argsort(-ranks, kind="stable").tolist()
        ]
