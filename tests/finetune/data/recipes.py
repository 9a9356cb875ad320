"""Recipes to make conversations of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from core.recipe import Ingredient, Recipe
from finetune.data.cleaning import tidy
from index.build import COOKBOOK_DIR
from index.readers import read_corpus


def recipe(name: str = "红烧肉", **more: Any) -> Recipe:
    """A small recipe."""
    fields: dict[str, Any] = {
        "recipe_id": f"id-{name}",
        "name": name,
        "ingredients": (
            Ingredient.parse("500克五花肉"),
            Ingredient.parse("30克冰糖"),
            Ingredient.parse("盐 适量"),
        ),
        "steps": ("五花肉切块焯水。", "加冰糖炒色，小火炖40分钟。"),
        "source": "食神菜谱",
    }
    return Recipe(**(fields | more))


@cache
def cookbook() -> tuple[Recipe, ...]:
    """The recipes that ship with the bot, tidied."""
    rows = (row for path in sorted(Path(COOKBOOK_DIR).glob("*.jsonl")) for row in read_corpus(path))
    return tuple(tidy(row) for row in rows if isinstance(row, Recipe))
