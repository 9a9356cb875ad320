"""A few dishes to cook with in tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.quantity import Quantity
from core.recipe import Ingredient, Recipe
from tests.fakes.scripted_handler import TOMATO_EGGS

__all__ = ["BRAISED_PORK", "EGG_SOUP", "TOMATO_EGGS", "dish"]


def dish(recipe_id: str, name: str, ingredients: Sequence[tuple[str, str]], *steps: str) -> Recipe:
    """A recipe for two."""
    parsed = tuple(Ingredient(what, Quantity.parse(amount)) for what, amount in ingredients)
    return Recipe(recipe_id, name, parsed, steps, servings=2, minutes=30, source="食神菜谱")


BRAISED_PORK = replace(
    dish(
        "1111111111111111",
        "红烧肉",
        (("五花肉", "500克"), ("冰糖", "25克"), ("料酒", "1勺"), ("盐", "1/3勺")),
        "五花肉切成3厘米见方的块，焯水。",
        "小火炒糖色，下肉翻匀。",
        "加热水没过肉，小火炖60分钟，大火收汁。",
    ),
    minutes=90,
)
EGG_SOUP = dish(
    "2222222222222222",
    "番茄蛋汤",
    (("番茄", "1个"), ("鸡蛋", "2个"), ("盐", "3克")),
    "番茄切块，炒软，加水煮开。",
    "淋入蛋液，加盐。",
)
