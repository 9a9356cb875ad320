"""How alike a query's subject and the forms of an index are, by spelling and by sound.

Measures in [0, 1]: optimal string alignment (edits, neighbours swapped) over characters and over
syllables, and how much of either is found in the other, order ignored. A heard 「尖脚妞蛙」 differs
from 「尖叫牛蛙」 in three of four characters and in no syllable; a mistyped 「清多蒸宝鱼」 keeps all of
its syllables; 「减肥药」 covers only two thirds of 「减肥汤」. Sounds count as the mean of spoken and
accent-folded, so that a perfect homophone beats one that needs an accent. Each pair is compared as
spelled and with synonyms unified; the better of the two counts. All forms are measured at once, as arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, Indel
from rapidfuzz.process import cdist

from index.synonyms import canonical_spelling
from index.text import Sounds, pack

Measured = NDArray[np.float64]
"""float64 [8, forms]: the measures of one subject and each of some forms, in the order of `Likeness`."""
Numbers = NDArray[np.float64]

_INSIDE = 0.5
"""What `contained` says of 「红烧肉盖饭」, which is another dish than 红烧肉."""
_ENDS_WITH_IT = 0.85
"""Least rank of a form that ends with the whole subject: 「妈妈的简易红烧肉」 comes before 「红烧牛肉」."""
_OF_INSIDE = 0.3
"""How much of what is missing to 1 a form gains in rank that has the whole subject elsewhere."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The measures of one pair.

    Attributes:
        spelling: alignment of characters.
        sound: alignment of syllables.
        subject_covered: share of the subject's syllables that the form has.
        form_covered: share of the form's syllables that the subject has.
        characters_covered: share of the subject's characters that the form has.
        contained: whether the whole subject is heard in the form: 1 at its end, less elsewhere, 0 if not.
        cosine: of the two questions' vectors; 0 without an embedder.
        subject_length: syllables of the subject, at least 1.
    """

    spelling: float
    sound: float
    subject_covered: float
    form_covered: float
    characters_covered: float
    contained: float
    cosine: float
    subject_length: float

    @staticmethod
    def of(measured: Measured, column: int) -> Likeness:
        """The measures of one form."""
        return Likeness(*measured[:, column].tolist())

    @property
    def measures(self) -> Measured:
        """The same as an array with one column."""
        return np.array([[getattr(self, name)] for name in self.__slots__])

    @property
    def rank(self) -> float:
        """One number to order candidates by, in [0, 1]."""
        return float(ranks_of(self.measures)[0])


def ranks_of(measured: Measured) -> Numbers:
    """One number for each form to order them by, in [0, 1]."""
    spelling, sound, subject_covered, form_covered, _, contained, cosine, _ = measured
    alike = 0.30 * spelling + 0.35 * sound + 0.15 * subject_covered + 0.15 * form_covered + 0.05 * cosine
    inside = alike + _OF_INSIDE * np.maximum(0, 0.95 + 0.05 * cosine - alike)
    at_end = np.maximum(alike, _ENDS_WITH_IT + 0.1 * alike)
    return np.asarray(np.where(contained == 1, at_end, np.where(contained > 0, inside, alike)))


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a subject or form, with what the measures need precomputed."""

    characters: str
    spoken: str
    folded: str
    sorted_characters: str
    sorted_spoken: str
    sorted_folded: str

    @staticmethod
    def of(key: str) -> Spelling:
        """Precompute for a normalised `key`."""
        sounds = Sounds.of(key)
        spoken, folded = pack(sounds.spoken), pack(sounds.folded)
        return Spelling(key, spoken, folded, _sorted(key), _sorted(spoken), _sorted(folded))


Spellings = tuple[Spelling, Spelling]
"""As spelled, and with synonyms unified (the same object when that changes nothing)."""


def spellings_of(key: str) -> Spellings:
    """Both spellings of a normalised `key`."""
    plain = Spelling.of(key)
    canonical = canonical_spelling(key)
    return plain, plain if canonical == key else Spelling.of(canonical)


def likeness(subject: Spellings, form: Spellings, cosine: float) -> Likeness:
    """The likeness of a subject and a form."""
    return Likeness.of(measure(subject, [form], np.array([cosine])), 0)


def measure(subject: Spellings, forms: Sequence[Spellings], cosines: Numbers) -> Measured:
    """The likeness of a subject and each of `forms`; `cosines` is float64 [forms]."""
    measured = _compare(subject[0], [form[0] for form in forms], cosines)
    others = [
        place
        for place, (plain, canonical) in enumerate(forms)
        if subject[0] is not subject[1] or plain is not canonical
    ]
    if others:
        unified = _compare(subject[1], [forms[place][1] for place in others], cosines[others])
        measured[:, others] = better_of(measured[:, others], unified)
    return measured


def better_of(some: Measured, more: Measured) -> Measured:
    """For each form the measures that rank higher, `some` where both rank alike."""
    return np.where(ranks_of(more) > ranks_of(some), more, some)


def _compare(subject: Spelling, forms: Sequence[Spelling], cosines: Numbers) -> Measured:
    spoken, folded = [form.spoken for form in forms], [form.folded for form in forms]
    lengths = np.maximum(1, [len(text) for text in folded])
    length = max(1, len(subject.folded))
    shared = _shared(subject.sorted_spoken, [form.sorted_spoken for form in forms])
    shared = (shared + _shared(subject.sorted_folded, [form.sorted_folded for form in forms])) / 2
    characters = _shared(subject.sorted_characters, [form.sorted_characters for form in forms])
    return np.stack(
        [
            _aligned(subject.characters, [form.characters for form in forms]),
            (_aligned(subject.spoken, spoken) + _aligned(subject.folded, folded)) / 2,
            shared / length,
            shared / lengths,
            characters / max(1, len(subject.characters)),
            _contained(subject.spoken, spoken),
            cosines,
            np.full(len(forms), float(length)),
        ]
    )


def _aligned(subject: str, forms: Sequence[str]) -> Numbers:
    return np.asarray(cdist([subject], forms, scorer=OSA.normalized_similarity, dtype=np.float64)[0])


def _shared(subject: str, forms: Sequence[str]) -> Numbers:
    """Size of the shared multiset: the longest common subsequence of two sorted strings."""
    return np.asarray(cdist([subject], forms, scorer=Indel.similarity, dtype=np.float64)[0] / 2)


def _contained(subject: str, forms: Sequence[str]) -> Numbers:
    if len(subject) < 2:
        return np.zeros(len(forms))
    return np.array(
        [1.0 if form.endswith(subject) else _INSIDE if subject in form else 0.0 for form in forms]
    )


def _sorted(text: str) -> str:
    return "".join(sorted(text))
