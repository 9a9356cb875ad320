"""What an answer says of a recipe, held against the recipe: ingredients, amounts, form, faith to its source.

Our own measures, from parsed recipes: a text may be alike and still leave out the salt, or add an egg.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.ingredient_lines import split_ingredient_line
from core.recipe import Ingredient, Recipe
from index.text import key_of

_HEADING = re.compile(
    r"^(?:食材|用料|材料|原料|配料|所需食材|主料|辅料|调料|要准备|需要)[^：:\n]{0,20}[：:]?\s*$|要准备.{0,12}[：:]$"
)
_STEPS_HEADING = re.compile(r"^(?:步骤|做法|制作|方法|制作步骤|具体步骤|烹饪步骤)[^：:\n]{0,6}[：:]?\s*$")
_OTHER_HEADING = re.compile(r"^(?:小贴士|贴士|提示|过敏原|来源|注意|我的建议)")
_BULLET = re.compile(r"^\s*(?:[-*·•▪◦]|\d{1,2}[.、)）](?!\d))\s*")
_STEP = re.compile(
    r"^\s*(?:第?\s*(\d{1,3}|[一二三四五六七八九十]{1,3})\s*步?[.、:：)）]|步骤\s*(\d{1,3}))\s*\S"
)
_MARKUP = re.compile(r"^#{1,6}\s|\*\*|^\s*\|.*\|\s*$|```|\['|'\]", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_HAN_NUMBERS = {word: number for number, word in enumerate("一二三四五六七八九十", 1)}
_BETWEEN = re.compile(r"[、；;](?![^（(]*[）)])")
"""Divides ingredients on one line, but not within brackets: 盐 8克（煮6克、调味2克）."""
_MAX_ITEMS = 60


@dataclass(frozen=True, slots=True)
class ToldRecipe:
    """A recipe as an answer tells it.

    Attributes:
        ingredients: of its list; empty when it has none.
        numbers: of its steps, in their order.
        has_markup: it is written in Markdown or as a Python list.
    """

    ingredients: tuple[Ingredient, ...]
    numbers: tuple[int, ...]
    has_markup: bool

    @property
    def is_well_formed(self) -> bool:
        """A list of ingredients, steps numbered from 1 without a gap, and plain text."""
        counted = self.numbers == tuple(range(1, len(self.numbers) + 1))
        return bool(self.ingredients) and bool(self.numbers) and counted and not self.has_markup


def told_in(answer: str) -> ToldRecipe:
    """Read the recipe in an answer."""
    ingredients: list[Ingredient] = []
    numbers: list[int] = []
    section = ""
    for line in answer.splitlines():
        text = line.strip()
        if _HEADING.search(text):
            section = "ingredients"
        elif _STEPS_HEADING.match(text):
            section = "steps"
        elif _OTHER_HEADING.match(text):
            section = ""
        elif section == "ingredients" and text:
            ingredients += _ingredients_of(text)
        elif section == "steps" and (step := _STEP.match(text)):
            numbers.append(_number(step[1] or step[2]))
    return ToldRecipe(tuple(ingredients[:_MAX_ITEMS]), tuple(numbers), bool(_MARKUP.search(answer)))


def ingredient_recall(told: ToldRecipe, answer: str, reference: Recipe) -> float:
    """The share of the reference's ingredients that the answer names, 0 to 1.

    Without a list of ingredients, being named anywhere counts.
    """
    if not reference.ingredients:
        return 1.0
    names = [key_of(item.name) for item in told.ingredients]
    text = key_of(answer) if not names else ""
    keys = [key_of(item.name) for item in reference.ingredients]
    return sum(1 for key in keys if key in text or any(_same(key, name) for name in names)) / len(keys)


def invented_rate(told: ToldRecipe, reference: Recipe) -> float | None:
    """The share of the listed ingredients that the reference does not have; None without a list."""
    if not told.ingredients:
        return None
    known = [key_of(item.name) for item in reference.ingredients]
    told_of = key_of("".join((reference.name, *reference.steps)))
    names = [key_of(item.name) for item in told.ingredients]
    invented = [n for n in names if n and n not in told_of and not any(_same(n, k) for k in known)]
    return len(invented) / len(names)


def amounts_preserved(told: ToldRecipe, reference: Recipe) -> float | None:
    """The share of the reference's amounts in figures that the list has too; None without a list."""
    figures = [(key_of(i.name), _NUMBER.findall(i.amount)) for i in reference.ingredients]
    wanted = [(key, numbers) for key, numbers in figures if numbers]
    if not wanted or not told.ingredients:
        return None
    said = [(key_of(i.name), set(_NUMBER.findall(i.amount or i.name))) for i in told.ingredients]
    kept = sum(
        1 for key, numbers in wanted if any(_same(key, name) and set(numbers) <= has for name, has in said)
    )
    return kept / len(wanted)


def grounded_share(answer: str, context: str) -> float:
    """The share of the figures of an answer (amounts, times) that stand in its context; 1 without figures."""
    said = [number for line in answer.splitlines() for number in _NUMBER.findall(_BULLET.sub("", line))]
    known = set(_NUMBER.findall(context))
    return sum(1 for number in said if number in known) / len(said) if said else 1.0


def _ingredients_of(line: str) -> list[Ingredient]:
    """One a line, or several divided by signs, as models do both."""
    bare_line = _BULLET.sub("", line)
    parts: Sequence[str] = [part for part in _BETWEEN.split(bare_line) if part.strip()]
    return [Ingredient.parse(part.strip(" ，,。.")) for part in parts if split_ingredient_line(part)[0]]


def _same(one: str, other: str) -> bool:
    """Whether two names mean one ingredient: one is the end of the other (嫩豆腐, 豆腐), or its beginning."""
    if not one or not other:
        return False
    short, long = sorted((one, other), key=len)
    return long.endswith(short) or (len(short) >= 2 and long.startswith(short))


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if text in _HAN_NUMBERS:
        return _HAN_NUMBERS[text]
    tens, _, ones = text.partition("十")
    return 10 * _HAN_NUMBERS.get(tens, 1) + _HAN_NUMBERS.get(ones, 0)
