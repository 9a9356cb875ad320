"""Making the questions that the calibration is fitted to, and fitting it (`python -m index calibrate`)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import opencc
from pypinyin import lazy_pinyin

from index.calibration import Calibration, fit
from index.likeness import Likeness
from index.retriever import HybridRetriever

OFF_TOPIC_FILE = Path(__file__).parent / "calibration_data" / "off_topic.txt"
_SHELLS = (
    *("{}", "{}怎么做", "{}的做法", "怎么做{}", "想吃{}了"),
    *("请问{}要怎么做才好吃", "求{}的菜谱", "{}需要哪些食材", "教我做{}"),
)
_ABSENT_WEIGHT = 0.3
"""A dish whose recipe was taken out often has a neighbour that a cook would accept: it counts less."""


def calibrate(
    retriever: HybridRetriever, *, questions: int = 2000, absent: int = 400, seed: int = 7
) -> Calibration:
    """Fit a calibration to the index that `retriever` searches."""
    chance = random.Random(seed)  # noqa: S311 - reproducible samples, nothing secret
    return fit(list(_samples(retriever, chance, questions, absent)))


def _samples(
    retriever: HybridRetriever, chance: random.Random, questions: int, absent: int
) -> Iterator[tuple[Likeness, bool, float]]:
    forms = retriever.forms()
    homophones = _homophones(form for form, _ in forms)
    for _ in range(questions):
        form, recipes = chance.choice(forms)
        matches = retriever.matches(chance.choice(_SHELLS).format(_garbled(form, chance, homophones)))
        if matches and recipes & retriever.recipes_of(matches[0].part, matches[0].form):
            yield matches[0].likeness, True, 1.0  # a wrong first match says nothing about refusal
    for question in OFF_TOPIC_FILE.read_text(encoding="utf-8").splitlines():
        for match in retriever.matches(question)[:1]:
            yield match.likeness, False, 1.0
    for _ in range(absent):
        form, recipes = chance.choice(forms)
        for match in retriever.matches(chance.choice(_SHELLS).format(form)):
            if not recipes & retriever.recipes_of(match.part, match.form):
                yield match.likeness, False, _ABSENT_WEIGHT
                break


def _garbled(form: str, chance: random.Random, homophones: dict[str, list[str]]) -> str:
    """`form` as people type and recognisers hear it."""
    characters = list(form)
    kind = chance.choice(("plain", "dropped", "swapped", "homophone", "traditional"))
    if kind == "dropped" and len(characters) >= 4:
        characters.pop(chance.randrange(len(characters)))
    elif kind == "swapped" and len(characters) >= 3:
        i = chance.randrange(len(characters) - 1)
        characters[i], characters[i + 1] = characters[i + 1], characters[i]
    elif kind == "homophone":
        share = chance.choice((0.4, 0.7, 1.0))
        characters = [
            _sounding_alike(c, homophones, chance) if chance.random() < share else c for c in characters
        ]
    elif kind == "traditional":
        return str(opencc.OpenCC("s2t").convert(form))
    return "".join(characters)


def _homophones(forms: Iterable[str]) -> dict[str, list[str]]:
    """Syllable → the characters of the index that are read so."""
    table: dict[str, list[str]] = {}
    for character in sorted(set("".join(forms))):
        table.setdefault(lazy_pinyin(character)[0], []).append(character)
    return table


def _sounding_alike(character: str, homophones: dict[str, list[str]], chance: random.Random) -> str:
    return chance.choice(homophones.get(lazy_pinyin(character)[0], [character]))
