"""A recipe and its parts: plain, frozen data; reading it from and writing it to JSON; scaling.

The JSON form (one object a line in the cookbook) has the keys of `Recipe`, with ingredients as
``{"name": …, "amount": …}`` whose texts are kept verbatim.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from core.errors import CorpusError
from core.ingredient_lines import split_ingredient_line
from core.quantity import Quantity

MAX_NAME_CHARACTERS = 100
MAX_TEXT_CHARACTERS = 5000
MAX_ITEMS = 200
"""Bounds of a recipe, far above any real one: they keep a broken row from filling memory and screens."""

_TEXTS = ("cuisine", "category", "source")
_LISTS = ("aliases", "tastes", "keywords", "questions", "allergens", "tips")
_NUMBERS = ("servings", "minutes", "difficulty")
_KEYS = frozenset({"recipe_id", "name", "ingredients", "steps", *_TEXTS, *_LISTS, *_NUMBERS})


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One ingredient and how much of it."""

    name: str
    quantity: Quantity

    @property
    def amount(self) -> str:
        """The amount as written: 「2个（约300克）」, 「适量」, or ""."""
        return self.quantity.text

    @classmethod
    def parse(cls, line: str) -> Ingredient:
        """Read a line of an ingredient list, amount first or last: 500克五花肉, 盐 适量, 鸡蛋（2个）.

        Any text is accepted. Every character of it but spaces and a separating colon is in the name or in
        the amount; a heading inside the list (【烫种】) is a name without an amount.
        """
        name, amount = split_ingredient_line(line)
        return cls(name, Quantity.parse(amount))

    def scaled(self, factor: Fraction) -> Ingredient:
        """The same ingredient for `factor` times as many people."""
        return replace(self, quantity=self.quantity.scaled(factor))


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe. Texts are as their author wrote them; unknown numbers are None.

    Attributes:
        recipe_id: stable id within an index, derived from source, name and content.
        servings: people it feeds.
        minutes: from start to plate.
        difficulty: 1 (easy) to 5.
        source: where it comes from, shown to the user.
        questions: what people may ask when this recipe is the answer, beyond its names; for search alone.
    """

    recipe_id: str
    name: str
    ingredients: tuple[Ingredient, ...]
    steps: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    cuisine: str = ""
    category: str = ""
    tastes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    servings: int | None = None
    minutes: int | None = None
    difficulty: int | None = None
    allergens: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()
    source: str = ""
    questions: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Recipe:
        """Read the JSON form; only `name`, `ingredients` and `steps` must be there.

        A missing `recipe_id` is derived from the rest.

        Raises:
            CorpusError: a key is unknown or missing, or a value has the wrong type or size; the message
                names the field.
        """
        if not isinstance(mapping, Mapping):
            raise CorpusError(f"a recipe must be an object, got {_shown(mapping)}")
        unknown = sorted(str(key) for key in mapping.keys() - _KEYS)
        if unknown:
            raise CorpusError(f"unknown keys: {', '.join(key[:40] for key in unknown[:10])}")
        name = _text(mapping.get("name"), "name", MAX_NAME_CHARACTERS)
        if not name.strip():
            raise CorpusError("name must not be empty")
        ingredients = tuple(_ingredient(item, where) for item, where in _items(mapping, "ingredients"))
        steps = _texts(mapping, "steps", required=True)
        source = _text(mapping.get("source", ""), "source")
        derived_id = recipe_id_of(source, name, tuple(f"{i.name} {i.amount}" for i in ingredients), steps)
        recipe_id = _text(mapping.get("recipe_id", derived_id), "recipe_id", MAX_NAME_CHARACTERS)
        if not recipe_id:
            raise CorpusError("recipe_id must not be empty")
        optional: dict[str, Any] = {key: _text(mapping.get(key, ""), key) for key in _TEXTS}
        optional |= {key: _texts(mapping, key) for key in _LISTS}
        optional |= {key: _number(mapping.get(key), key) for key in _NUMBERS}
        return cls(recipe_id=recipe_id, name=name, ingredients=ingredients, steps=steps, **optional)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; `from_dict` reads it back.

        Of a scaled recipe only the rounded amounts are kept, since they are what its texts say.
        """
        return {
            "recipe_id": self.recipe_id,
            "name": self.name,
            **{key: getattr(self, key) for key in _TEXTS},
            **{key: getattr(self, key) for key in _NUMBERS},
            **{key: list(getattr(self, key)) for key in _LISTS},
            "ingredients": [{"name": i.name, "amount": i.amount} for i in self.ingredients],
            "steps": list(self.steps),
        }

    def scaled(self, servings: int) -> Recipe:
        """The recipe for `servings` people; a recipe that does not say how many it feeds counts as for two.

        The steps stay as they are, amounts and times in them included: a step's amount often is a part of
        an ingredient's, and no rule tells which numbers of a sentence grow.

        Raises:
            ValueError: `servings` is not positive.
        """
        factor = Fraction(servings, self.servings or DEFAULT_SERVINGS)
        return replace(self, servings=servings, ingredients=tuple(i.scaled(factor) for i in self.ingredients))


DEFAULT_SERVINGS = 2
"""What most home recipes feed when they do not say (the mode of the shipped cookbook)."""


def recipe_id_of(source: str, name: str, ingredients: tuple[str, ...], steps: tuple[str, ...]) -> str:
    """A stable id of 16 hexadecimal digits: the same recipe of the same source has the same one."""
    parts = "\x1f".join((source, name, *ingredients, "\x1e", *steps))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _ingredient(item: Any, where: str) -> Ingredient:
    if not isinstance(item, Mapping):
        raise CorpusError(f"{where} must be an object with name and amount, got {_shown(item)}")
    unknown = sorted(str(key) for key in item.keys() - {"name", "amount"})
    if unknown:
        raise CorpusError(f"{where} has unknown keys: {', '.join(key[:40] for key in unknown[:10])}")
    name = _text(item.get("name"), f"{where}.name")
    return Ingredient(name, Quantity.parse(_text(item.get("amount", ""), f"{where}.amount")))


def _items(mapping: Mapping[str, Any], key: str, *, required: bool = True) -> list[tuple[Any, str]]:
    value = mapping.get(key, None if required else ())
    if not isinstance(value, list | tuple):
        raise CorpusError(f"{key} must be a list, got {_shown(value)}")
    if len(value) > MAX_ITEMS:
        raise CorpusError(f"{key} must have at most {MAX_ITEMS} items, got {len(value)}")
    return [(item, f"{key}[{position}]") for position, item in enumerate(value)]


def _texts(mapping: Mapping[str, Any], key: str, *, required: bool = False) -> tuple[str, ...]:
    return tuple(_text(item, where) for item, where in _items(mapping, key, required=required))


def _text(value: Any, where: str, max_characters: int = MAX_TEXT_CHARACTERS) -> str:
    if not isinstance(value, str):
        raise CorpusError(f"{where} must be a string, got {_shown(value)}")
    if len(value) > max_characters:
        raise CorpusError(f"{where} must have at most {max_characters} characters, got {len(value)}")
    return value


def _number(value: Any, where: str) -> int | None:
    most = 5 if where == "difficulty" else 10**6
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise CorpusError(f"{where} must be a whole number or null, got {_shown(value)}")
    if not 1 <= value <= most:
        raise CorpusError(f"{where} must be from 1 to {most}, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    """A value for an error message: short, and of a container only its type."""
    is_huge = isinstance(value, int) and abs(value) > 10**12
    if is_huge or not (value is None or isinstance(value, int | float | str)):
        return type(value).__name__
    return repr(value[:40] if isinstance(value, str) else value)
