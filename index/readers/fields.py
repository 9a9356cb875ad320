"""Fields of foreign records: checked, trimmed, and put together to a `Recipe`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from core.allergens import allergens_of
from core.errors import CorpusError
from core.quantity import Quantity
from core.recipe import (
    MAX_ITEMS,
    MAX_NAME_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    Ingredient,
    Recipe,
    recipe_id_of,
)


def text_field(record: Mapping[str, Any], field: str, *, required: bool = False) -> str:
    """The text under `field`, trimmed.

    Raises:
        CorpusError: it is not a text, or missing although `required`.
    """
    value = record.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise CorpusError(f"{field} must be a string, got {type(value).__name__}")
    if required and not value.strip():
        raise CorpusError(f"{field} is empty")
    return value.strip()


def text_list(record: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """The texts under `field`, trimmed, empty ones left out; a missing field is an empty list.

    Raises:
        CorpusError: it is not a list of texts.
    """
    value = record.get(field)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise CorpusError(f"{field} must be a list, got {type(value).__name__}")
    for position, item in enumerate(value):
        if not isinstance(item, str):
            raise CorpusError(f"{field}[{position}] must be a string, got {type(item).__name__}")
    return tuple(item.strip() for item in value if item.strip())


def recipe_from_lines(
    *,
    name: str,
    ingredients: Sequence[str | tuple[str, str]],
    steps: Sequence[str],
    source: str,
    **more: Any,
) -> Recipe:
    """A recipe from plain lines: amounts parsed, allergens derived, the size checked like any other.

    An ingredient is a line, or name and amount where the source tells them apart.

    Raises:
        CorpusError: a field is missing or too large.
    """
    if not ingredients and not steps:
        raise CorpusError("neither ingredients nor steps")
    parsed = tuple(_ingredient(item) for item in ingredients)
    lines = tuple(item if isinstance(item, str) else f"{item[0]} {item[1]}" for item in ingredients)
    recipe = Recipe(
        recipe_id=recipe_id_of(source, name, lines, tuple(steps)),
        name=name,
        ingredients=parsed,
        steps=tuple(steps),
        allergens=allergens_of([item.name for item in parsed]),
        source=source,
        **more,
    )
    return recipe if _is_within_bounds(recipe) else Recipe.from_dict(recipe.to_dict())


def _is_within_bounds(recipe: Recipe) -> bool:
    """Whether `Recipe.from_dict` would take it as it is: that costs a quarter of an import."""
    lists = (recipe.steps, recipe.aliases, recipe.tastes, recipe.keywords, recipe.tips)
    names = (item.name for item in recipe.ingredients)
    amounts = (item.amount for item in recipe.ingredients)
    texts = chain(names, amounts, *lists, (recipe.source, recipe.cuisine, recipe.category))
    numbers = ((recipe.minutes, 10**6), (recipe.servings, 10**6), (recipe.difficulty, 5))
    return (
        0 < len(recipe.name.strip()) <= len(recipe.name) <= MAX_NAME_CHARACTERS
        and max(map(len, texts)) <= MAX_TEXT_CHARACTERS
        and max(map(len, (recipe.ingredients, *lists))) <= MAX_ITEMS
        and all(number is None or 1 <= number <= most for number, most in numbers)
    )


def _ingredient(item: str | tuple[str, str]) -> Ingredient:
    return Ingredient.parse(item) if isinstance(item, str) else Ingredient(item[0], Quantity.parse(item[1]))
