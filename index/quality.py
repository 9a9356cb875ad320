"""How complete a recipe is: a number from 0 to 100, to rank recipes of the same dish.

Hundreds of recipes share a name in a corpus of 1.5 million; the one that says how much of everything and
how to do it is shown first. The parts and their weights:

    20  ingredients: how many are named (full from 6)
    25  amounts: the share of ingredients that say how much
    20  steps: how many (full from 5)
    20  their length: characters in all (full from 200)
     5  a name that can be one: 2 to 20 characters with a letter in it, little decoration
    10  what else is known: minutes, servings, tips, taste or category

The quartiles of 1,000 XiaChuFang recipes are 66, 79 and 86; it takes 13 µs a recipe.
"""

from __future__ import annotations

import re

from core.recipe import Recipe

_FULL_INGREDIENTS, _FULL_STEPS, _FULL_CHARACTERS = 6, 5, 200
_LETTER = re.compile(r"[^\W\d_]")
_DECORATION = re.compile(r"[^\w\s]|_")
_NAME_CHARACTERS = range(2, 21)


def quality_of(recipe: Recipe) -> int:
    """The completeness of `recipe`, 0 (a bare name) to 100; depends on the recipe alone."""
    named = [item for item in recipe.ingredients if _LETTER.search(item.name)]
    measured = sum(1 for item in named if item.quantity.text)
    steps = {step for step in map(str.strip, recipe.steps) if _LETTER.search(step)}
    known = (recipe.minutes, recipe.servings, recipe.tips, recipe.tastes or recipe.category)
    return round(
        20 * min(1.0, len(named) / _FULL_INGREDIENTS)
        + 25 * (measured / len(named) if named else 0.0)
        + 20 * min(1.0, len(steps) / _FULL_STEPS)
        + 20 * min(1.0, sum(map(len, steps)) / _FULL_CHARACTERS)
        + 5 * has_plausible_name(recipe)
        + 2.5 * sum(1 for value in known if value)
    )


def has_plausible_name(recipe: Recipe) -> bool:
    """Whether the name can be a dish's: neither a sentence nor mostly signs."""
    name = recipe.name.strip()
    signs = len(_DECORATION.findall(name))
    return len(name) in _NAME_CHARACTERS and bool(_LETTER.search(name)) and 3 * signs <= len(name)
