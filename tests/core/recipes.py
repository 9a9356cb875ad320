"""Recipes with few, known words, and conversations about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.answering import Turn
from core.conversation import Conversation, HistoryMessage, Preferences
from core.recipe import Recipe

_COOKBOOK = Path(__file__).parents[2] / "index" / "cookbook"
_NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

BRAISED_PORK = Recipe.from_dict(
    {
        "recipe_id": "braised-pork",
        "name": "红烧肉",
        "aliases": ["红烧五花肉"],
        "servings": 4,
        "minutes": 100,
        "difficulty": 3,
        "allergens": ["大豆", "麸质"],
        "ingredients": [
            {"name": "五花肉", "amount": "800克"},
            {"name": "冰糖", "amount": "30克"},
            {"name": "生抽", "amount": "30毫升"},
            {"name": "老抽", "amount": "10毫升"},
            {"name": "料酒", "amount": "50毫升"},
            {"name": "姜", "amount": "6片"},
            {"name": "盐", "amount": "2克"},
            {"name": "葱花", "amount": "适量"},
        ],
        "steps": [
            "五花肉切块，冷水下锅煮5分钟，捞出。",
            "小火把冰糖炒到枣红色，倒入肉块翻匀。",
            "加姜、料酒、生抽和老抽，炒2分钟。",
            "加热水没过肉，小火焖60分钟。",
            "加盐，大火收汁8到10分钟，撒葱花。",
        ],
        "tips": ["中途添水只能加热水。"],
        "source": "食神菜谱",
    }
)
"""A dish of four ordinary steps, with times, a vague amount and nothing hot in it."""

SPICY_CHICKEN = Recipe.from_dict(
    {
        "recipe_id": "spicy-chicken",
        "name": "辣子鸡",
        "servings": 2,
        "minutes": 40,
        "difficulty": 4,
        "ingredients": [
            {"name": "鸡腿肉", "amount": "400克"},
            {"name": "干辣椒", "amount": "20个"},
            {"name": "花椒", "amount": "4克"},
            {"name": "熟花生米", "amount": "30克"},
            {"name": "辣椒油", "amount": "少许"},
            {"name": "食用油", "amount": "40毫升"},
        ],
        "steps": [
            "鸡腿肉切丁，静置20分钟。",
            "油烧热，下干辣椒和花椒，炒香。",
            "下鸡丁炒5分钟，撒熟花生米。",
        ],
        "source": "食神菜谱",
    }
)
"""A hot dish without tips."""

BARE = Recipe.from_dict(
    {
        "recipe_id": "bare",
        "name": "蒸蛋糕",
        "ingredients": [{"name": "低筋面粉", "amount": ""}, {"name": "鸡蛋", "amount": "3个"}],
        "steps": ["鸡蛋打发，筛入低筋面粉。", "上锅蒸熟。"],
    }
)
"""A recipe that leaves out all that may be left out."""


def cookbook() -> Iterator[Recipe]:
    """Every recipe that ships with the bot."""
    for path in sorted(_COOKBOOK.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Recipe.from_dict(json.loads(line))


def said(text: str) -> HistoryMessage:
    """A user's message."""
    return HistoryMessage("user", text, "u", _NOON)


def answered(text: str, recipe: Recipe | None = None, query: str = "") -> HistoryMessage:
    """The bot's answer."""
    return HistoryMessage("assistant", text, "u", _NOON, recipe=recipe, query=query)


def conversation_about(recipe: Recipe, *more: HistoryMessage) -> Conversation:
    """A conversation in which `recipe` was asked for and shown."""
    query = f"{recipe.name}怎么做"
    return Conversation((said(query), answered(recipe.name, recipe, query), *more))


def turn_about(
    recipe: Recipe, question: str, *more: HistoryMessage, preferences: Preferences | None = None
) -> Turn:
    """A question after `recipe` was shown."""
    return Turn(question, conversation_about(recipe, *more), preferences or Preferences())
