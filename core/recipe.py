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

from core.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One ingredient and how much of it."""

    name: str
    quantity: Quantity

    @property
    def amount(self) -> str:
        """The amount as written: 「2个（约300克）」, 「适量」, or ""."""
        return self.quantity.text

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

    def scaled(self, servings: int) -> Recipe:
        """The recipe for `servings` people; a recipe that does not say how many it feeds counts as for two."""
        factor = Fraction(servings, self.servings or DEFAULT_SERVINGS)
        return replace(
            self, servings=servings, ingredients=tuple(i.scaled(factor) for i in self.ingredients)
        )


DEFAULT_SERVINGS = 2
"""What most home recipes feed when they do not say (the mode of the shipped cookbook)."""


def recipe_id_of(source: str, name: str, ingredients: tuple[str, ...], steps: tuple[str, ...]) -> str:
    """A stable id of 16 hexadecimal digits: the same recipe of the same source has the same one."""
    parts = "\x1f".join((source, name, *ingredients, "\x1e", *steps))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
