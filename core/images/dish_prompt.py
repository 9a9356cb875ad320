"""What a photo model is asked for: the dish, how it is cooked, what is in it; made from the recipe alone.

Chinese prompts keep to the handbook of Taiyi (IDEA-CCNL, 太乙绘画使用手册 1.0): no Chinese punctuation, which
brings watermarks; a kind of picture named; its negative prompt. Models that know no Chinese are told the
same in English as far as `dish_words` reaches. No word of a user is in a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.images.dish_words import ENGLISH_CATEGORIES, ENGLISH_INGREDIENTS, METHODS
from core.recipe import Recipe

PROMPT_VERSION = 1
"""Part of every photo's name; raise it when prompts change, so that dishes are drawn anew."""

MAX_INGREDIENTS = 4
_MAX_NAME = 16
"""Characters; names of dishes are shorter once their decoration is off."""
_SEASONINGS = re.compile(
    "[盐糖醋酱油酒精粉]$|[水汤]$|胡椒|花椒|八角|桂皮|香叶|葱|姜|蒜|芝麻|淀粉|酵母|味精|豆豉|生抽|老抽|冰块|香料"
)
_DECORATION = re.compile(r"【[^】]*】|（[^）]*）|\([^)]*\)|\[[^\]]*\]")
_UNSPOKEN = re.compile(r"[^0-9A-Za-z\u3400-\u9fff]+")
_BOWLS = {"汤羹": "一碗", "粥": "一碗", "主食": "一份", "饮品": "一杯"}
_CHINESE_LOOK = ("美食摄影", "4k壁纸", "高清")
_CHINESE_NEGATIVE = ("广告", "，", "！", "。", "；", "资讯", "新闻", "水印", "文字", "人物", "模糊")
_ENGLISH_LOOK = ("food photography", "appetizing", "natural light", "close-up", "high detail")
_ENGLISH_NEGATIVE = ("text", "watermark", "logo", "people", "hands", "blurry", "deformed", "drawing")


@dataclass(frozen=True, slots=True)
class DishPrompt:
    """Parts of a prompt, the most telling first, and of what shall not be seen."""

    parts: tuple[str, ...]
    negative_parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole prompt."""
        return ", ".join(self.parts)

    @property
    def negative(self) -> str:
        """The whole negative prompt."""
        return ", ".join(self.negative_parts)

    def fitted(self, count_tokens: Callable[[str], int], limit: int) -> DishPrompt:
        """As many parts, from the first on, as `limit` tokens allow; at least one."""
        return DishPrompt(
            _leading(self.parts, count_tokens, limit), _leading(self.negative_parts, count_tokens, limit)
        )


def chinese_prompt(recipe: Recipe) -> DishPrompt:
    """The prompt for a model that reads Chinese."""
    dish, method = _plain(recipe.name), _method(recipe)
    parts = (
        f"{_BOWLS.get(recipe.category, '一盘')}{dish}",
        *([method] if method and method not in dish else []),
        *_main_ingredients(recipe),
        *_CHINESE_LOOK,
    )
    return DishPrompt(tuple(dict.fromkeys(parts)), _CHINESE_NEGATIVE)


def english_prompt(recipe: Recipe) -> DishPrompt:
    """The prompt for a model that reads English only; what has no known English name is left out."""
    method = METHODS.get(_method(recipe), "")
    ingredients = [found for name in _main_ingredients(recipe) if (found := _english(name))]
    kind = ENGLISH_CATEGORIES.get(recipe.category, "dish")
    dish = " ".join(part for part in (method, " and ".join(dict.fromkeys(ingredients[:2]))) if part)
    parts = (f"a photo of {dish or 'delicious food'}", f"Chinese {kind}", *ingredients[2:], *_ENGLISH_LOOK)
    return DishPrompt(tuple(dict.fromkeys(parts)), _ENGLISH_NEGATIVE)


def _leading(parts: tuple[str, ...], count_tokens: Callable[[str], int], limit: int) -> tuple[str, ...]:
    for count in range(len(parts), 1, -1):
        if count_tokens(", ".join(parts[:count])) <= limit:
            return parts[:count]
    return parts[:1]


def _method(recipe: Recipe) -> str:
    """How the dish is cooked: what its name says, else what its steps say most often; "" if neither does."""
    named = next((word for word in METHODS if word in recipe.name), "")
    if named:
        return named
    steps = "".join(recipe.steps)
    counts = {word: steps.count(word) for word in METHODS}
    most = max(counts, key=lambda word: counts[word])
    return most if counts[most] else ""


def _main_ingredients(recipe: Recipe) -> list[str]:
    """The first few things that are seen on the plate."""
    names = (_plain(ingredient.name) for ingredient in recipe.ingredients)
    seen = [name for name in names if name and not _SEASONINGS.search(name)]
    return list(dict.fromkeys(seen))[:MAX_INGREDIENTS]


def _plain(name: str) -> str:
    """A name without decoration and punctuation, bounded."""
    return _UNSPOKEN.sub("", _DECORATION.sub("", name))[:_MAX_NAME]


def _english(name: str) -> str:
    """The English name of the longest known word in `name`; "" if there is none."""
    known = [word for word in ENGLISH_INGREDIENTS if word in name]
    return ENGLISH_INGREDIENTS[max(known, key=len)] if known else ""
