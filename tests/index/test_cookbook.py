"""The recipes that ship with the bot: complete, consistent, and each there once."""

from __future__ import annotations

import json
import re
from itertools import combinations

from core.allergens import ALLERGENS, allergens_of
from core.recipe import Recipe
from index.build import COOKBOOK_DIR
from index.text import key_of

ROWS = [
    (f"{path.name}:{number}", json.loads(line))
    for path in sorted(COOKBOOK_DIR.glob("*.jsonl"))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
]
RECIPES = [Recipe.from_dict(row) for _, row in ROWS]

EIGHT_CUISINES = {"川菜", "粤菜", "鲁菜", "苏菜", "浙菜", "闽菜", "湘菜", "徽菜"}
FOREIGN = {"西餐", "日本料理", "韩国料理", "东南亚菜"}
CATEGORIES = {"热菜", "凉菜", "汤羹", "主食", "粥", "早餐", "烘焙", "甜品", "饮品", "宝宝辅食", "减脂餐"}
HEAT = re.compile(r"火|度|℃|蒸|煮|炸|烤|焯|沸|开水|热水|微波|冷藏|冰|泡|腌|浸")
TIME = re.compile(r"[\d一二两三四五六七八九十半]\s*(?:秒|分钟|个?小时|刻钟|天)|过夜|隔夜")


def test_there_are_at_least_two_hundred() -> None:
    assert len(RECIPES) >= 200


def test_cuisines_and_categories_are_all_there() -> None:
    assert (EIGHT_CUISINES | FOREIGN) - {recipe.cuisine for recipe in RECIPES} == set()
    assert {recipe.category for recipe in RECIPES} == CATEGORIES


def test_every_field_is_filled_in() -> None:
    needed = ("name", "cuisine", "category", "tastes", "servings", "minutes", "difficulty", "steps", "tips")
    missing = [(place, key) for place, row in ROWS for key in needed if not row.get(key)]
    assert missing == []


def test_the_source_is_named() -> None:
    assert {recipe.source for recipe in RECIPES} == {"食神菜谱"}


def test_names_and_aliases_belong_to_one_recipe() -> None:
    owners: dict[str, set[str]] = {}
    for recipe in RECIPES:
        for name in (recipe.name, *recipe.aliases):
            owners.setdefault(name, set()).add(recipe.name)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)


def test_no_two_names_are_the_same_dish_in_other_words() -> None:
    keys: dict[str, set[str]] = {}
    for recipe in RECIPES:
        keys.setdefault(key_of(recipe.name), set()).add(recipe.name)
    assert [names for names in keys.values() if len(names) > 1] == []


def shingles(recipe: Recipe) -> frozenset[str]:
    """Runs of five characters of the steps."""
    text = re.sub(r"\W", "", "".join(recipe.steps))
    return frozenset(text[i : i + 5] for i in range(len(text) - 4))


def test_no_two_recipes_share_half_of_their_words() -> None:
    cut = [(recipe.name, shingles(recipe)) for recipe in RECIPES]
    alike = [(a, b) for (a, x), (b, y) in combinations(cut, 2) if 2 * len(x & y) > min(len(x), len(y))]
    assert alike == []


def test_every_recipe_reads_back_as_written() -> None:
    assert [Recipe.from_dict(recipe.to_dict()) for recipe in RECIPES] == RECIPES


def test_amounts_are_numbers_with_units() -> None:
    vague = [
        (recipe.name, item.name, item.amount)
        for recipe in RECIPES
        for item in recipe.ingredients
        if item.quantity.minimum is None or not item.quantity.unit
    ]
    assert vague == []


def test_declared_allergens_are_no_fewer_than_those_of_the_ingredients() -> None:
    undeclared = {
        recipe.name: carried
        for recipe in RECIPES
        if (carried := set(allergens_of([i.name for i in recipe.ingredients])) - set(recipe.allergens))
    }
    assert undeclared == {}
    assert {group for recipe in RECIPES for group in recipe.allergens} == set(ALLERGENS)


def test_steps_say_how_hot_and_how_long() -> None:
    steps = {recipe.name: "".join(recipe.steps) for recipe in RECIPES}
    assert [name for name, text in steps.items() if not HEAT.search(text)] == []
    assert [name for name, text in steps.items() if not TIME.search(text)] == []
    assert [recipe.name for recipe in RECIPES if len(recipe.steps) < 3] == []


def test_every_ingredient_is_used() -> None:
    unused = [
        (recipe.name, item.name)
        for recipe in RECIPES
        for item in recipe.ingredients
        if not any(word in "".join((*recipe.steps, *recipe.tips)) for word in _ways_to_say(item.name))
    ]
    assert unused == []


def _ways_to_say(name: str) -> tuple[str, ...]:
    """The name and its end: the kind stands last in Chinese (新鲜豆腐 is called 豆腐 in the steps)."""
    return name, name[-2:], name[-1:]
