"""Questions about a part of a recipe, each with what it asks.

The bot understands every one of them by rules in the same way (a test holds them to it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.answering import Adjusted, Advice, AmountOf, Aspect, ForServings, StepNumber, TimeNeeded, Without
from core.ingredient_words import TASTES, VOCABULARY
from core.recipe import DEFAULT_SERVINGS, Recipe
from core.substitutions import substitute_for
from finetune.data.choice import Choice
from finetune.data.kinds.phrasing import counted

_ACTIONS = re.compile("[炖焖煮蒸烤炸腌]")
_DIGITS = "零一二三四五六七八九十"
_LONGEST_WORD = 6


@dataclass(frozen=True, slots=True)
class Part:
    """A question about a part of a recipe.

    Attributes:
        name: amount, time, substitution, scaling, step, tips or taste.
        question: the words.
        aspect: what they ask.
        recipe: the recipe to answer from: scaled, when that is what is asked.
    """

    name: str
    question: str
    aspect: Aspect
    recipe: Recipe


def part_of(recipe: Recipe, choice: Choice, but: Sequence[str] = ()) -> Part | None:
    """A question that this recipe answers, of none of the names in `but`; None when it answers none."""
    names = [name for name in _PARTS if name not in but]
    for name in choice.several(names, len(names)):
        part = _PARTS[name](recipe, choice)
        if part is not None:
            return part
    return None


def missing_part(recipe: Recipe, choice: Choice) -> Part:
    """A question about something that this recipe does not have."""
    absent = [word for word in _OFTEN_ASKED if not _speaks_of(recipe, word)]
    if not absent:
        return Part("other", "可以用微波炉做吗", Advice("other"), recipe)
    word = choice.of(absent)
    return Part("amount", choice.of(_AMOUNT).format(word=word), AmountOf(word), recipe)


_OFTEN_ASKED = (
    "蚝油",
    "料酒",
    "味精",
    "冰糖",
    "香油",
    "八角",
    "豆瓣酱",
    "淀粉",
    "蜂蜜",
    "花椒",
    "酵母",
    "黄油",
)
_AMOUNT = ("要放多少{word}", "{word}放多少", "要多少{word}", "{word}要多少")
_TIME = ("一共要多长时间", "需要多长时间", "要做多久")
_ACTION = ("要{action}多久", "{action}多长时间", "要{action}多长时间")
_WITHOUT = ("没有{word}怎么办", "家里没有{word}怎么办", "没有{word}可以用什么代替", "不放{word}可以吗")
_SERVINGS = ("改成{count}人份", "换成{count}个人的量", "做{count}人份")
_STEP = ("第{number}步再说一遍", "第{number}步怎么做", "第{number}步")
_TIPS = ("有什么窍门", "有什么要注意的", "有什么小窍门")
_TASTE_LESS = ("少放点{taste}", "{taste}少一点")


def _speaks_of(recipe: Recipe, word: str) -> bool:
    return any(word in text for text in (*(item.name for item in recipe.ingredients), *recipe.steps))


def _amount(recipe: Recipe, choice: Choice) -> Part | None:
    words = [
        item.name
        for item in recipe.ingredients
        if item.amount and (item.name in VOCABULARY) and len(item.name) <= _LONGEST_WORD
    ]
    if not words:
        return None
    word = choice.of(words)
    return Part("amount", choice.of(_AMOUNT).format(word=word), AmountOf(word), recipe)


def _time(recipe: Recipe, choice: Choice) -> Part | None:
    actions = sorted(set(_ACTIONS.findall("".join(recipe.steps))))
    if actions and choice.below(2):
        action = choice.of(actions)
        return Part("time", choice.of(_ACTION).format(action=action), TimeNeeded(action), recipe)
    return Part("time", choice.of(_TIME), TimeNeeded(), recipe)


def _substitution(recipe: Recipe, choice: Choice) -> Part | None:
    words = [
        i.name for i in recipe.ingredients if i.name in VOCABULARY and substitute_for(i.name) is not None
    ]
    if not words:
        return None
    word = choice.of(words)
    return Part("substitution", choice.of(_WITHOUT).format(word=word), Without(word), recipe)


def _scaling(recipe: Recipe, choice: Choice) -> Part | None:
    if not any(item.quantity.minimum is not None for item in recipe.ingredients):
        return None
    now = recipe.servings or DEFAULT_SERVINGS
    people = choice.of([number for number in (1, 2, 3, 4, 5, 6, 8, 10) if number != now])
    count = choice.of((str(people), counted(people)))
    question = choice.of(_SERVINGS).format(count=count)
    return Part("scaling", question, ForServings(people), recipe.scaled(people))


def _step(recipe: Recipe, choice: Choice) -> Part | None:
    if len(recipe.steps) < 2:
        return None
    number = 1 + choice.below(min(len(recipe.steps), 10))
    shown = choice.of((str(number), _DIGITS[number]))
    return Part("step", choice.of(_STEP).format(number=shown), StepNumber(number), recipe)


def _tips(recipe: Recipe, choice: Choice) -> Part | None:
    return Part("tips", choice.of(_TIPS), Advice("tips"), recipe) if recipe.tips else None


def _taste(recipe: Recipe, choice: Choice) -> Part | None:
    tastes = [
        taste
        for taste in ("辣", "盐", "糖")
        if any(TASTES[taste].is_in(item.name) for item in recipe.ingredients)
    ]
    if not tastes:
        return None
    taste = choice.of(tastes)
    return Part("taste", choice.of(_TASTE_LESS).format(taste=taste), Adjusted("less", taste), recipe)


_PARTS: dict[str, Callable[[Recipe, Choice], Part | None]] = {
    "amount": _amount,
    "time": _time,
    "substitution": _substitution,
    "scaling": _scaling,
    "step": _step,
    "tips": _tips,
    "taste": _taste,
}
