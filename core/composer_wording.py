"""The small change of the composer's sentences: durations, lists, the lines that quote a recipe."""

from __future__ import annotations

from collections.abc import Iterable

from core.recipe import Ingredient, Recipe

MY_ADVICE = "我的建议"
"""Stands before everything that the recipe does not say."""

_MINUTES_A_DAY = 24 * 60
_DIFFICULTIES = ("很容易", "容易", "中等", "有点难", "很难")


def duration(minutes: int) -> str:
    """Minutes as a cook says them: 45 分钟, 1 小时 40 分钟, 21 天."""
    days, rest = divmod(minutes, _MINUTES_A_DAY)
    hours, left = divmod(rest, 60)
    parts = [f"{days} 天" if days else "", f"{hours} 小时" if hours else "", f"{left} 分钟" if left else ""]
    return " ".join(part for part in parts if part) or "0 分钟"


def difficulty(level: int) -> str:
    """A level from 1 to 5 in words."""
    return f"{_DIFFICULTIES[min(max(level, 1), 5) - 1]}（{level}/5）"


def summary(recipe: Recipe) -> str:
    """Servings, time and difficulty in one line; "" when the recipe gives none of them."""
    parts = []
    if recipe.servings is not None:
        parts.append(f"{recipe.servings} 人份")
    if recipe.minutes is not None:
        parts.append(f"约 {duration(recipe.minutes)}")
    if recipe.difficulty is not None:
        parts.append(f"难度：{difficulty(recipe.difficulty)}")
    return " · ".join(parts)


def ingredient_line(ingredient: Ingredient) -> str:
    """One line of the list of ingredients."""
    return f"· {ingredient.name}  {ingredient.amount or '用量没有写'}"


def step_lines(recipe: Recipe, numbers: Iterable[int]) -> list[str]:
    """The steps of these numbers (from 1), verbatim."""
    return [f"第{number}步：{recipe.steps[number - 1]}" for number in numbers]


def source_line(recipe: Recipe) -> str:
    """The last line of every answer about a part of a recipe: what it was read from."""
    return f"（根据菜谱「{recipe.name}」，来源：{recipe.source or '没有写明'}）"


def advice(sentence: str) -> str:
    """A sentence of our own, marked as such."""
    return f"{MY_ADVICE}：{sentence}"


def listed(words: Iterable[str]) -> str:
    """「葱、姜、蒜」, each word once."""
    return "、".join(dict.fromkeys(words))
