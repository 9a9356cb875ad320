"""From forms to dishes: of the recipes that share a name, one is shown.

Recipes of one dish (`index.segment.TRAITS`) are one hit. Its recipe is the one whose title was typed to the
letter (emoji included), else the most complete. Whoever has seen a recipe gets the next *different* one of
the dish: another author's copy with the same steps is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from core.recipe import Recipe
from index.recall import Match, Part
from index.segment import id_hash
from index.subjects import subjects_of
from index.synonyms import canonical_spelling
from index.text import simplify, without_marks

ROWS_A_FORM = 64
"""How many of the recipes that one form names are looked at, the best of them."""
_READ_FOR_A_TITLE = 8
"""How many titles of a dish are read to find the one that was typed."""
_MAX_EXCLUDED = 200
_REMEMBERED_RECIPES, _REMEMBERED_DISHES = 2_000, 20_000
_TYPED = 0.01
_COMPLETE = 0.001
"""Both decide between equals; they are too small to overturn a difference in likeness."""
_SAME_FORM = 0.05
"""Dishes after the first that one form names come behind those that other forms name as well as this."""


@dataclass(slots=True)
class Dish:
    """A dish among the hits: the form that it was found by, and its recipes, best first, as (part, row)."""

    name: str
    match: Match
    order: float
    rows: dict[tuple[int, int], None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A dish with the recipe that is shown for it, and what it is ordered by."""

    dish: Dish
    recipe: Recipe
    order: float


class Dishes:
    """Finds the recipes of forms; safe to use from several threads."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self._recipe = lru_cache(_REMEMBERED_RECIPES)(self._read)
        self._dish_name = lru_cache(_REMEMBERED_DISHES)(self._name)

    def _read(self, part: int, row: int) -> Recipe:
        return self._parts[part].segment.recipe(row)

    def _title(self, part: int, row: int) -> str:
        return self._parts[part].segment.title(row)

    def _name(self, part: int, number: int) -> str:
        return canonical_spelling(self._parts[part].segment.form(number))

    def shown(
        self, matches: Sequence[Match], typed: str, wanted: int, exclude: frozenset[str]
    ) -> list[Shown]:
        """The dishes that `matches` name, best first, `wanted` of them if there are so many.

        Args:
            matches: forms, best first.
            typed: the question as it was typed, in lower case.
            wanted: how many dishes are asked for.
            exclude: ids of recipes that have been seen.
        """
        seen_steps = self._seen_steps(exclude)
        dishes = self._dishes(matches, wanted if not exclude else len(matches))
        orders = {dish.name: self._order(dish, typed) for dish in dishes}
        found: list[Shown] = []
        for dish in sorted(dishes, key=lambda dish: -orders[dish.name]):
            recipe = self._unseen(dish, exclude, seen_steps.get(dish.name, frozenset()))
            if recipe is not None:
                found.append(Shown(dish, recipe, orders[dish.name]))
            if len(found) == wanted:
                break
        return found

    def _order(self, dish: Dish, typed: str) -> float:
        """What a dish is ordered by; its recipe whose title was typed becomes its first."""
        bonus = 0.0
        if dish.match.likeness.spelling == 1:
            rows = list(dish.rows)[:_READ_FOR_A_TITLE]
            shares = [_typed(self._title(part, row), typed) for part, row in rows]
            bonus = max(shares)
            best = rows[shares.index(bonus)]
            dish.rows = {best: None} | dish.rows
        part, row = next(iter(dish.rows))
        quality = int(self._parts[part].segment.traits["quality"][row])
        return dish.order + _TYPED * bonus + _COMPLETE * quality / 255

    def _dishes(self, matches: Sequence[Match], wanted: int) -> list[Dish]:
        """The dishes of forms, best first, each once; complete for the first `wanted` forms and dishes."""
        known: dict[str, Dish] = {}
        for place, match in enumerate(sorted(matches, key=lambda match: -match.order)):
            if (
                place >= wanted
                and len(known) > wanted
                and match.order + _SAME_FORM < self._worst(known, wanted)
            ):
                break
            self._add_dishes_of(match, known)
        return sorted(known.values(), key=lambda dish: -dish.order)

    @staticmethod
    def _worst(known: dict[str, Dish], wanted: int) -> float:
        return sorted((dish.order for dish in known.values()), reverse=True)[wanted]

    def _add_dishes_of(self, match: Match, known: dict[str, Dish]) -> None:
        segment = self._parts[match.part].segment
        rows = segment.rows_of(match.form)[:ROWS_A_FORM]
        order = match.order
        for row, number in zip(rows.tolist(), segment.traits["dish"][rows].tolist(), strict=True):
            name = self._dish_name(match.part, number)
            known.setdefault(name, Dish(name, match, order)).rows.setdefault((match.part, row))
            order = match.order - _SAME_FORM

    def _unseen(
        self, dish: Dish, exclude: frozenset[str], seen_steps: Collection[tuple[str, ...]]
    ) -> Recipe | None:
        """The first recipe of a dish that has not been seen, nor another with its steps."""
        for part, row in dish.rows:
            recipe = self._recipe(part, row)
            if recipe.recipe_id not in exclude and recipe.steps not in seen_steps:
                return recipe
        return None

    def _seen_steps(self, recipe_ids: frozenset[str]) -> dict[str, set[tuple[str, ...]]]:
        """The steps of the recipes with these ids, by dish; recipes without any differ from each other."""
        steps: dict[str, set[tuple[str, ...]]] = {}
        for recipe_id in sorted(recipe_ids)[:_MAX_EXCLUDED]:
            for place, part in enumerate(self._parts):
                row = part.segment.row_with_id(id_hash(recipe_id))
                if row is not None and (seen := self._recipe(place, row).steps):
                    dish = self._dish_name(place, int(part.segment.traits["dish"][row]))
                    steps.setdefault(dish, set()).add(seen)
        return steps

    def is_title_of(self, subject: str, part: int, form: int) -> bool:
        """Whether `subject`, the text of a form, is the whole title of one of its recipes, or its question.

        A form may be a part of a title only: 「十分钟早餐」 of 「【十分钟早餐】蛋饼」.
        """
        for row in self._parts[part].segment.rows_of(form)[:_READ_FOR_A_TITLE].tolist():
            if without_marks(simplify(self._title(part, row))) == subject:
                return True
            if any(subject in subjects_of(question) for question in self._recipe(part, row).questions):
                return True
        return False


def _typed(title: str, typed: str) -> float:
    """How much of what was typed is this very title, in [0, 1]."""
    title = title.lower()
    return len(title) / max(len(typed), 1) if title in typed else 0.0
