"""Making the misheard questions that the confidence is fitted to (`python -m index calibrate-voice`).

Two sources: names of an index garbled by a model of mishearing, and what a recogniser really made of
synthesised questions about the shipped cookbook (`calibration_data/heard.jsonl`: Whisper base on two accented
voices, with and without noise). Every question is used twice: with its dish among the names, and with the
dish taken out, as a question for something that is not in the index. What is off topic names no dish either.
A third of the names is kept out of the fit, and it is measured on that third.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.calibrate import OFF_TOPIC_FILE
from index.phonetics import syllabary
from index.spoken_confidence import ASK, SURE, Confidence, Evidence, fit
from index.spoken_names import Found, SpokenNames
from index.spoken_sentence import Sentence, names_no_dish
from index.text import key_of, plain_key_of

HEARD_FILE = Path(__file__).parent / "calibration_data" / "heard.jsonl"
_SHELLS = ("{}怎么做", "想学{}", "{}要怎么弄", "{}的做法", "教我做{}", "我想吃{}", "{}需要哪些食材", "{}")
_SHARE_SHORTENED = 0.2
"""How often the beginning of a longer name is not said."""
_SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)
"""How much of a question is misheard."""
_CLOSENESS = 0.12
"""A syllable is misheard as another with odds of exp(-cost / this)."""
_HEARD_WEIGHT = 2.0
"""What a recogniser really heard counts more than what the model of mishearing makes up."""
_ABSENT_WEIGHT = 0.3
"""A dish that is not in the index is asked for more rarely than one that is."""
_SHARE_FITTED = 2 / 3

Sample = tuple[Evidence, bool, float]


@dataclass(frozen=True, slots=True)
class VoiceFigures:
    """How a confidence does on questions it was not fitted to; shares in [0, 1].

    Attributes:
        questions: number of questions for dishes that are in the index.
        right: share whose best name is the one that was said.
        wrong_when_sure: share of wrong names among those taken as said.
        asked_needlessly: share of questions whose right name was asked back for.
        left_alone: share of questions left as they were heard.
        absent_taken: share of questions for a dish that is not there, or for none, taken as sure.
        calibration_error: mean distance of confidence and share of right names, in ten bins.
    """

    questions: int
    right: float
    wrong_when_sure: float
    asked_needlessly: float
    left_alone: float
    absent_taken: float
    calibration_error: float


def calibrate_voice(
    names: Sequence[str], *, questions: int = 1500, seed: int = 7
) -> tuple[Confidence, VoiceFigures]:
    """Fit a confidence to the `names` of an index, and measure it on those that were kept out of the fit."""
    chance = random.Random(seed)  # noqa: S311 - reproducible samples, nothing secret
    known = SpokenNames.of(names)
    asked = [*_heard(), *_garbled_questions(known.hotwords(len(known)), chance, questions)]
    dishes = sorted({dish for _, dish, _ in asked if dish})
    chance.shuffle(dishes)
    fitted = set(dishes[: int(_SHARE_FITTED * len(dishes))])
    off_topic = OFF_TOPIC_FILE.read_text(encoding="utf-8").splitlines()
    asked += [(sentence, "", 1.0) for sentence in off_topic]
    training: list[Sample] = []
    held_out: list[Sample] = []
    for transcript, dish, weight in asked:
        of_training = dish in fitted if dish else chance.random() < _SHARE_FITTED
        (training if of_training else held_out).extend(_samples(known, transcript, dish, weight))
    confidence = fit(training)
    return confidence, measure(confidence, held_out)


def measure(confidence: Confidence, samples: Iterable[Sample]) -> VoiceFigures:
    """Hold `confidence` against samples; those of `_ABSENT_WEIGHT` ask for no known dish."""
    rows = [
        (confidence.probability(evidence), said, weight > _ABSENT_WEIGHT)
        for evidence, said, weight in samples
    ]
    p, said, known = (np.array(column) for column in zip(*rows, strict=True))
    sure = p >= SURE
    bins = np.minimum((p * 10).astype(int), 9)
    weights = np.where(known, 1.0, _ABSENT_WEIGHT)
    gaps = [abs(np.sum(((p - said) * weights)[bins == b])) for b in range(10)]
    return VoiceFigures(
        questions=int(known.sum()),
        right=round(float(said[known].mean()), 4),
        wrong_when_sure=round(float(1 - said[known & sure].mean()), 4),
        asked_needlessly=round(float((said & (p >= ASK) & ~sure)[known].mean()), 4),
        left_alone=round(float((p < ASK)[known].mean()), 4),
        absent_taken=round(float(sure[~known].mean()), 4),
        calibration_error=round(float(sum(gaps) / weights.sum()), 4),
    )


def _samples(known: SpokenNames, transcript: str, dish: str, weight: float) -> Iterator[Sample]:
    """The evidence for the best name, and for the best one when the dish is taken out."""
    if not dish and names_no_dish(transcript):
        return
    sentence = Sentence.of(transcript)
    found = known.find(sentence)
    if dish and found and not _is_verbatim(sentence, found):
        yield known.evidence(sentence, found), key_of(found[0].said) == key_of(dish), weight
    if dish:
        found = [one for one in found if key_of(one.said) != key_of(dish) and dish not in one.said]
    if found and not _is_verbatim(sentence, found):
        yield known.evidence(sentence, found), False, _ABSENT_WEIGHT


def _is_verbatim(sentence: Sentence, found: Sequence[Found]) -> bool:
    """Whether there is nothing to correct: the best name was heard as it is written."""
    return sentence.text[found[0].start : found[0].end] == found[0].said


def _heard() -> Iterator[tuple[str, str, float]]:
    """What was really heard: (transcript, dish, weight)."""
    for line in HEARD_FILE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["heard"], plain_key_of(row["dish"]), _HEARD_WEIGHT


def _garbled_questions(
    names: Sequence[str], chance: random.Random, questions: int
) -> Iterator[tuple[str, str, float]]:
    mishearing = Mishearing(names, chance)
    for _ in range(questions):
        name = chance.choice(names)
        if len(name) > 4 and chance.random() < _SHARE_SHORTENED:
            name = name[chance.choice((1, 2)) :]
        yield mishearing.of(chance.choice(_SHELLS).format(name), chance.choice(_SHARES)), name, 1.0


class Mishearing:
    """A model of what recognisers do to words: near syllables, any character for them, some dropped."""

    def __init__(self, names: Iterable[str], chance: random.Random) -> None:
        self._chance = chance
        characters = sorted(set("".join(names)) - {"\0"})
        self._by_sound: dict[int, list[str]] = {}
        for character in characters:
            self._by_sound.setdefault(int(syllabary().codes(character)[0]), []).append(character)
        self._sounds = np.array(sorted(self._by_sound))
        costs = syllabary().costs[:, self._sounds].astype(np.float64)
        odds = np.exp(-costs / _CLOSENESS)
        self._cumulated = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)

    def of(self, text: str, share: float) -> str:
        """`text` with about `share` of its characters misheard, one in fifteen of those not at all."""
        heard = []
        for character, code in zip(text, syllabary().codes(text), strict=True):
            if self._chance.random() >= share or code == 0:
                heard.append(character)
            elif self._chance.random() >= 1 / 15:
                place = int(np.searchsorted(self._cumulated[code], self._chance.random()))
                sound = int(self._sounds[min(place, len(self._sounds) - 1)])
                heard.append(self._chance.choice(self._by_sound[sound]))
        return "".join(heard)
