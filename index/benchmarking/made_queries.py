"""Queries made from the recipes of an index, for the kinds that no file of queries covers.

- `made_pinyin`: the name of a dish in toneless pinyin.
- `made_ingredients`: two main ingredients of a recipe; each of the first five hits must have both.
- `made_exclusions`: a group of allergens that must not be in any of the first five hits.
- `made_absent`: the name of a dish, with all recipes hidden that have it in their name: to be refused. Some
  have a neighbour that a cook would accept, which counts as an error here.

What goes into a made query is drawn with a fixed seed, so that the same index gives the same queries.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from pypinyin import lazy_pinyin

from core.allergens import ALLERGENS
from core.ingredient_words import VOCABULARY, is_seasoning
from core.recipe import Recipe
from index.conditions import Wishes
from index.evaluate import LabelledQuery
from index.segment import Segment
from index.text import key_of

_SEED = 20261122
_ALLERGIC = ("{}过敏，推荐几个菜", "我对{}过敏，来个汤", "{}过敏，早餐吃什么", "{}过敏，想吃下饭菜")
_PLAIN = re.compile(r"[\u4e00-\u9fff]{3,8}")
"""A name that is asked for: shorter ones are kinds of dish, longer ones nobody types in pinyin."""
_DRAWN = 20
"""Recipes that are drawn for each query, since not all of them fit."""


def made_queries(segment: Segment, count: int) -> dict[str, list[LabelledQuery]]:
    """At most `count` queries of each kind, from the recipes of `segment`, all of which are read."""
    chance = random.Random(_SEED)  # noqa: S311 - reproducible samples, nothing secret
    recipes = [segment.recipe(row) for row in range(segment.recipe_count) if not segment.is_removed(row)]
    drawn = chance.sample(recipes, min(len(recipes), _DRAWN * count))
    named = [recipe for recipe in drawn if _PLAIN.fullmatch(recipe.name)][:count]
    ids = [(key_of(recipe.name), recipe.recipe_id) for recipe in recipes]
    return {
        "made_pinyin": [_pinyin(recipe) for recipe in named],
        "made_ingredients": list(_pairs(drawn))[:count],
        "made_exclusions": list(_exclusions())[:count],
        "made_absent": [_absent(recipe, ids) for recipe in named],
    }


def _pinyin(recipe: Recipe) -> LabelledQuery:
    return LabelledQuery(f"{' '.join(lazy_pinyin(recipe.name))} zenme zuo", frozenset({recipe.name}))


def _pairs(recipes: list[Recipe]) -> Iterator[LabelledQuery]:
    seen: set[tuple[str, ...]] = set()
    for recipe in recipes:
        names = (item.name for item in recipe.ingredients)
        pair = tuple(dict.fromkeys(n for n in names if n in VOCABULARY and not is_seasoning(n)))[:2]
        if len(pair) == 2 and pair not in seen:
            seen.add(pair)
            wish = Wishes(ingredients=pair)
            yield LabelledQuery(f"{pair[0]}和{pair[1]}能做什么", frozenset(), wish=wish)


def _exclusions() -> Iterator[LabelledQuery]:
    for said in _ALLERGIC:
        for group in ALLERGENS:
            wish = Wishes(free_of=(group,))
            yield LabelledQuery(said.format(group), frozenset(), wish=wish)


def _absent(recipe: Recipe, ids: list[tuple[str, str]]) -> LabelledQuery:
    asked = key_of(recipe.name)
    hidden = frozenset(recipe_id for name, recipe_id in ids if asked in name)
    return LabelledQuery(f"{recipe.name}怎么做", frozenset(), hidden=hidden)
