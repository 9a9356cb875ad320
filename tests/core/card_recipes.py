"""Recipes that the tests of the recipe card draw."""

from typing import Any

from core.quantity import Quantity
from core.recipe import Ingredient, Recipe

STEP = (
    "锅里补10毫升食用油，中火下葱白炒10秒出香，放番茄和剩下的2克盐，边炒边用铲背压，约3分钟，炒到番茄塌软。"
)


def a_recipe(**changes: Any) -> Recipe:
    """番茄炒蛋, or what `changes` make of it; ingredients are pairs."""
    pairs = changes.pop(
        "ingredients", (("番茄", "2个（约300克）"), ("鸡蛋", "3个"), ("盐", "3克"), ("小葱", "1根"))
    )
    given_fields: dict[str, Any] = {
        "recipe_id": "r",
        "name": "番茄炒蛋",
        "steps": (STEP, "倒回鸡蛋，翻炒40秒出锅。"),
        "aliases": ("西红柿炒鸡蛋",),
        "cuisine": "家常菜",
        "category": "热菜",
        "tastes": ("酸甜", "咸鲜"),
        "servings": 2,
        "minutes": 15,
        "difficulty": 1,
        "allergens": ("鸡蛋",),
        "tips": ("盐先下在番茄里能逼出汁水。",),
        "source": "食神菜谱",
    }
    ingredients = tuple(Ingredient(name, Quantity.parse(amount)) for name, amount in pairs)
    return Recipe(**(given_fields | changes), ingredients=ingredients)


def bare(name: str = "白粥", **changes: Any) -> Recipe:
    """A recipe that is nothing but a name."""
    return Recipe("r", name, ingredients=(), steps=(), **changes)
