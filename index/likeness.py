"""How alike a query's subject and a form are, by spelling and by sound.

Measures in [0, 1]: optimal string alignment (edits, neighbours swapped) over characters and over
syllables, and how much of either is found in the other, order ignored. A heard 「尖脚妞蛙」 differs
from 「尖叫牛蛙」 in three of four characters and in no syllable; a mistyped 「清多蒸宝鱼」 keeps all of
its syllables; 「减肥药」 covers only two thirds of 「减肥汤」. Sounds count as the mean of spoken and
accent-folded, so that a perfect homophone beats one that needs an accent. Each pair is compared as
spelled and with synonyms unified; the better of the two counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz.distance import OSA, Indel

from index.synonyms import canonical_spelling
from index.text import Sounds, pack


@dataclass(frozen=True, slots=True)
class Likeness:
    """The measures of one pair.

    Attributes:
        spelling: alignment of characters.
        sound: alignment of syllables.
        subject_covered: share of the subject's syllables that the form has.
        form_covered: share of the form's syllables that the subject has.
        characters_covered: share of the subject's characters that the form has.
        cosine: of the two questions' vectors; 0 without an embedder.
        subject_length: syllables of the subject, at least 1.
    """

    spelling: float
    sound: float
    subject_covered: float
    form_covered: float
    characters_covered: float
    cosine: float
    subject_length: int

    @property
    def rank(self) -> float:
        """One number to order candidates by, in [0, 1]."""
        return (
            0.30 * self.spelling
            + 0.35 * self.sound
            + 0.15 * self.subject_covered
            + 0.15 * self.form_covered
            + 0.05 * self.cosine
        )


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
    plain = _compare(subject[0], form[0], cosine)
    if subject[0] is subject[1] and form[0] is form[1]:
        return plain
    return max(plain, _compare(subject[1], form[1], cosine), key=lambda alike: alike.rank)


def _compare(subject: Spelling, form: Spelling, cosine: float) -> Likeness:
    shared = (
        _shared(subject.sorted_spoken, form.sorted_spoken)
        + _shared(subject.sorted_folded, form.sorted_folded)
    ) / 2
    length = max(1, len(subject.folded))
    return Likeness(
        spelling=OSA.normalized_similarity(subject.characters, form.characters),
        sound=(
            OSA.normalized_similarity(subject.spoken, form.spoken)
            + OSA.normalized_similarity(subject.folded, form.folded)
        )
        / 2,
        subject_covered=shared / length,
        form_covered=shared / max(1, len(form.folded)),
        characters_covered=_shared(subject.sorted_characters, form.sorted_characters)
        / max(1, len(subject.characters)),
        cosine=cosine,
        subject_length=length,
    )


def _sorted(text: str) -> str:
    return "".join(sorted(text))


def _shared(sorted_a: str, sorted_b: str) -> float:
    """Size of the shared multiset: the longest common subsequence of two sorted strings."""
    return Indel.similarity(sorted_a, sorted_b) / 2
