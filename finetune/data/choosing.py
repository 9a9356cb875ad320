"""Second pass, its first half: which recipes of each dish are taught, and in which split."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from core.recipe import Recipe
from finetune.data.choice import hash64
from finetune.data.dishes import names_of
from finetune.data.gather import Gathered
from finetune.data.report import DataReport
from index.quality import quality_of


def chosen(gathered: Gathered, report: DataReport) -> Iterator[tuple[str, Recipe]]:
    """Yield split and recipe; all of dev comes first.

    Equal recipes of a dish are taken once, and of each dish the most complete ones. A training recipe that
    goes by any name of a held-out dish, or says the same under another name, is left out: the same dish is
    never in both splits.
    """
    held_out: set[str] = set()
    groups = itertools.groupby(gathered.order, key=lambda record: record[0])
    for number, (_, records) in enumerate(groups):
        split = "dev" if number < gathered.dev_dishes else "train"
        recipes = _distinct([Recipe.from_dict(json.loads(line)) for _, line in records], report)
        if split == "dev":
            for recipe in recipes:
                held_out.update((*names_of(recipe), _content(recipe)))
        else:
            recipes = _apart(recipes, held_out, report)
        kept = _most_complete(recipes, report)
        report.splits[split].dishes += bool(kept)
        for recipe in kept:
            report.splits[split].recipes += 1
            yield split, recipe


def _distinct(recipes: list[Recipe], report: DataReport) -> list[Recipe]:
    """One recipe of each content, whatever their sources."""
    seen: dict[str, Recipe] = {}
    for recipe in recipes:
        if seen.setdefault(_content(recipe), recipe) is not recipe:
            report.drop("the same recipe again", f"{recipe.name} ({recipe.source})")
    return list(seen.values())


def _apart(recipes: list[Recipe], held_out: set[str], report: DataReport) -> list[Recipe]:
    apart = []
    for recipe in recipes:
        shown = f"{recipe.name} ({recipe.source})"
        if not held_out.isdisjoint(names_of(recipe)):
            report.drop("goes by a name of a held-out dish", shown)
        elif _content(recipe) in held_out:
            report.drop("the same as a held-out recipe", shown)
        else:
            apart.append(recipe)
    return apart


def _content(recipe: Recipe) -> str:
    """The same for recipes that say the same, whatever they are called; no name can look like it."""
    lines = (f"{item.name}\x1f{item.amount}" for item in recipe.ingredients)
    return f"={hash64(0, chr(30).join((*lines, *recipe.steps))):016x}"


def _most_complete(recipes: list[Recipe], report: DataReport) -> list[Recipe]:
    ranked = sorted(recipes, key=lambda recipe: (-quality_of(recipe), recipe.recipe_id))
    for recipe in ranked[report.plan.recipes_per_dish :]:
        report.drop("the dish has more complete recipes", f"{recipe.name} ({recipe.source})")
    return ranked[: report.plan.recipes_per_dish]
