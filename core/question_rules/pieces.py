"""What rules are made of: their types, and the pieces that many patterns share.

In a pattern `dish` is what stands before the question proper and may name a dish; `ing` and `sub` are
ingredients, `both` a dish and an ingredient together, `n` a number. Repetition is of single characters
and bounded, so that no text makes a pattern slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.answering import Aspect
from core.ingredient_words import VOCABULARY, ingredients_called
from core.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Scene:
    """What the rules know of the conversation: the dish at hand and the step shown last (0: none)."""

    dish: Recipe | None = None
    last_step: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found.

    Attributes:
        aspect: what is wanted.
        subject: the words that may name the dish.
        whole_if_new: asked of a dish that is not at hand, the words want the whole recipe (「X怎样做好吃」).
    """

    aspect: Aspect
    subject: str = ""
    whole_if_new: bool = False


Build = Callable[[re.Match[str], Scene], Found | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and what a match of it means; None from `build` passes on to the next rule."""

    pattern: re.Pattern[str]
    build: Build


def any_of(words: str) -> str:
    """A group that matches one of the blank-separated `words`, which may be patterns themselves."""
    return f"(?:{'|'.join(words.split())})"


DISH = "(?P<dish>.*?)"
FILL = "[要需得该应当会还都又做里中是的,，]{0,6}"
"""What may stand between the dish and the question proper."""
NUMBER = "(?:[0-9]{1,4}|[一二两俩三仨四五六七八九十百]{1,4})"
ASK = "[吗么嘛]?"
SAY = (
    "[再又重说讲念读报复来发看告诉展开详细具体解释怎么样如何咋是该要应做弄操作什么啥一遍次下"
    "没听清看懂记住忘了不明白我给你请为用列有哪里儿些吗的]{0,14}"
)
"""The tail of a request to tell something (again)."""
INGREDIENT = "[^怎如么的什啥办吗呢做吃点些,，0-9]{1,8}?"
WHAT = any_of("什么 啥 哪些 哪几样 哪几种")
CAN = f"{any_of('可以 可不可以 可否 能不能 能否 能 行不行 是不是可以 是否可以')}?"


def rule(pattern: str, build: Build, *, ask: str = ASK) -> Rule:
    """A rule whose question may end with a particle (吗), or must, as `ask` says."""
    return Rule(re.compile(pattern + ask), build)


def fixed(aspect: Aspect, *, whole_if_new: bool = False) -> Build:
    """Always the same aspect."""
    return lambda match, _: Found(aspect, match.groupdict().get("dish") or "", whole_if_new)


def needs_dish(build: Build) -> Build:
    """For words that are a follow-up only when there is a dish at hand: 「然后呢」."""
    return lambda match, scene: build(match, scene) if scene.dish is not None else None


def is_known(word: str, scene: Scene) -> bool:
    """Whether `word` names an ingredient, for all we know or in the dish at hand."""
    return word in VOCABULARY or (scene.dish is not None and bool(ingredients_called(word, scene.dish)))


def number_in(text: str) -> int:
    """The value of a match of `NUMBER`; 0 when it is none (十百一 is read as 111, 一二 as 2)."""
    if text.isdigit():
        return int(text)
    total, digit = 0, 0
    for character in text:
        if character in "十百":
            total, digit = total + (digit or 1) * (10 if character == "十" else 100), 0
        else:
            digit = _DIGITS[character]
    return total + digit


_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "俩": 2,
    "仨": 3,
}
