"""「冰箱里只有土豆和牛肉」: queries that list ingredients instead of naming a dish."""

from __future__ import annotations

import re

from core.recipe import Recipe
from index.text import key_of

MAX_INGREDIENTS = 8

_HAVING = re.compile(
    r"^(?:我|我们|咱)?(?:家|家里|冰箱|冰箱里|厨房|厨房里|手头|手上|现在|今天|目前)*(?:面)?(?:就|只|仅|还|都)*"
    r"(?:剩下|剩了|剩|有|买了)(?:一点|一些|点|些|了)?"
)
_WHAT_TO_COOK = re.compile(
    r"(?:一起)?(?:能|可以|可|该|应该|还能)?(?:用来)?(?:做|炒|煮|烧|炖|弄|搞|整)(?:点|些|出|成|个|一个|一道)?(?:什么|啥|哪些|哪道)"
    r"(?:菜|菜吃|好吃的|好菜|吃的|吃|汤|呢|好|啊)*$"
)
_USING = re.compile(r"^(?:用|拿|把)")
_BETWEEN = re.compile(r"还有|以及|或者|或|和|跟|与|及|加上|加|配|、|,|，|;|；|\+|\s")
_AMOUNT = re.compile(r"^(?:\d+|[一二两三四五六七八九十半几]+)?(?:个|只|根|块|斤|把|颗|片|条|盒|包|袋|点|些)?")


def listed_ingredients(text: str) -> list[str]:
    """The ingredients that a `simplify`-ed question lists, or [] when it does not list any.

    A list is told by what stands around it (「家里有…」「…能做什么」) or, with two or more items, by
    nothing but separators between short words.
    """
    stripped = text.strip(" 。.!！?？~～")
    bare = _USING.sub("", _WHAT_TO_COOK.sub("", _HAVING.sub("", stripped)))
    parts = [_AMOUNT.sub("", part, count=1) for part in _BETWEEN.split(bare) if part]
    names = [part.removesuffix("了") for part in parts if part]
    if not names or len(names) > MAX_INGREDIENTS or any(len(name) > 6 for name in names):
        return []
    framed = bare != stripped
    return names if framed or len(names) >= 2 else []


def ingredient_fit(recipe: Recipe, names: list[str]) -> tuple[int, int, int]:
    """How well a recipe uses up `names`: named in the title, then few other main ingredients, then steps."""
    title = key_of(recipe.name)
    in_title = sum(1 for name in names if key_of(name) in title)
    others = sum(1 for ingredient in recipe.ingredients if key_of(ingredient.name) not in _STAPLES)
    return in_title, -others, len(recipe.steps)


_STAPLE_WORDS = (
    "盐 糖 白糖 冰糖 油 食用油 水 清水 葱 小葱 大葱 姜 生姜 蒜 大蒜 生抽 老抽 料酒 醋 蚝油 淀粉 香油 "
    "胡椒粉 白胡椒粉 花椒 八角 桂皮 香叶 干辣椒 鸡精 味精 酱油 黄酒 豆瓣酱"
)
_STAPLES = frozenset(key_of(word) for word in _STAPLE_WORDS.split())
