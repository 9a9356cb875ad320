"""What a recipe is, beside its name: tastes, type, occasion, cuisine, manner, time, kinds of food, allergens.

Most recipes of the large corpora have a name, lines of ingredients and lines of steps, nothing else, so
facets are derived. *Sure* ones are said by the recipe itself (name, category, tastes, keywords); the others
are inferred from ingredients and steps by the rules below. What a recipe leaves open stays open: no time is
an unknown time, and an ingredient whose content is not told (火锅底料) may carry any allergen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from core.allergens import allergens_in_text, allergens_of, hides_its_content
from core.recipe import Recipe
from core.word_table import word_set
from index.cooking_time import minutes_of
from index.facet_words import CUISINES, DEVICES, ENDINGS, SAID
from index.kinds import ingredient_terms, kinds_in
from index.text import simplify

UNKNOWN_ALLERGENS = "未知"
"""Stands among the allergens of a recipe of which nobody can say what all of it contains."""

DISH_TYPES = word_set("汤 粥 主食 凉菜 沙拉 甜品 烘焙 饮品 小吃 酱料 热菜")
_NO_MEAL = word_set("甜品 烘焙 饮品 酱料")
_STRONG = word_set("辣 麻辣 香辣 酸辣 酱香 鱼香 咖喱 孜然 糖醋 椒盐")
_RICH_TAGS = word_set("辣 炸 火锅 糖醋 咖喱 孜然 椒盐 小吃 酱香 酸甜 甜 五香 香辣 奶香")
_HEAVY_WORDS = (
    "豆瓣",
    "老抽",
    "甜面酱",
    "黄豆酱",
    "火锅底料",
    "咖喱",
    "腐乳",
    "豆豉",
    "猪油",
    "炸",
    "糖色",
    "五花",
    "腊",
    "培根",
    "奶油",
    "黄油",
    "大肠",
    "冰糖",
)
_RICH_SAUCES = (
    "豆瓣",
    "老抽",
    "黄豆酱",
    "甜面酱",
    "豆豉",
    "剁椒",
    "泡椒",
    "蚝油",
    "耗油",
    "腐乳",
    "咖喱",
    "辣椒酱",
    "番茄酱",
)
_STAPLE_WORDS = """
盐 食盐 糖 白糖 冰糖 红糖 油 食用油 植物油 水 清水 热水 温水 开水 凉水 葱 小葱 大葱 香葱 葱花 葱白 姜
生姜 姜片 蒜 大蒜 蒜末 蒜瓣 生抽 老抽 酱油 料酒 黄酒 醋 香醋 陈醋 米醋 白醋 蚝油 耗油 淀粉 生粉 玉米淀粉
水淀粉 香油 芝麻油 胡椒 胡椒粉 白胡椒粉 黑胡椒 花椒 花椒粉 八角 桂皮 香叶 干辣椒 鸡精 味精 鸡粉 豆瓣酱
郫县豆瓣酱 五香粉 十三香 孜然 辣椒粉 辣椒面 橄榄油 花生油 玉米油 葱姜蒜 葱姜 芝麻 白芝麻 香菜 调料 细砂糖
白砂糖 豉油 蒸鱼豉油 辣椒油
"""
_STAPLES = frozenset(_STAPLE_WORDS.split())
"""What every kitchen has, or what flavours only: it does not count as a main ingredient."""
MAX_TEXT_CHARACTERS = 20_000
"""Of a longer recipe no more is read; what lies beyond makes its allergens unknown."""
_QUICK_MINUTES = 20


@dataclass(frozen=True)
class Facets:
    """The facets of `recipe`, each found when it is first asked for."""

    recipe: Recipe

    @cached_property
    def minutes(self) -> int | None:
        """From start to plate, estimated when the recipe does not say; None when nothing tells."""
        return minutes_of(self.recipe)

    @cached_property
    def sure_tags(self) -> frozenset[str]:
        """What the recipe says of itself."""
        recipe = self.recipe
        named = SAID.groups(simplify("\n".join((recipe.name, *recipe.aliases))))
        ending = simplify(recipe.name).rstrip(" 。.!！~～")[-1:]
        named |= {tag for tag, ends in ENDINGS.items() if ending in ends}
        keywords = (word for word in recipe.keywords if len(word) <= 4)  # longer ones are question forms
        written = SAID.groups(simplify("\n".join((*recipe.tastes, *keywords))))
        category, cuisine = SAID.groups(simplify(recipe.category)), SAID.groups(simplify(recipe.cuisine))
        if category & DISH_TYPES:
            named, written = named - DISH_TYPES | category, written - DISH_TYPES
        if cuisine & CUISINES:
            named -= CUISINES
        return named | written | category | cuisine

    @cached_property
    def tags(self) -> frozenset[str]:
        """What the recipe says of itself, and what its ingredients and steps let infer."""
        return self.sure_tags | _inferred(self)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Every kind of food that the recipe touches anywhere; see `index.kinds`."""
        return kinds_in(self.text)

    @cached_property
    def allergens(self) -> frozenset[str]:
        """All groups of `core.allergens` that it may carry, and `UNKNOWN_ALLERGENS` when one cannot know."""
        recipe = self.recipe
        found = {
            *recipe.allergens,
            *allergens_of(i.name for i in recipe.ingredients),
            *allergens_in_text(self.text),
        }
        named = [i.name for i in recipe.ingredients if i.name.strip()]
        opaque = not named or any(map(hides_its_content, named))
        if opaque or hides_its_content(recipe.name) or self._is_cut:
            found.add(UNKNOWN_ALLERGENS)
        return frozenset(found)

    @cached_property
    def ingredients(self) -> frozenset[str]:
        """Terms of its ingredients; see `index.kinds.ingredient_terms`."""
        terms: set[str] = set()
        for item in self.recipe.ingredients:
            terms |= ingredient_terms(item.name)
        return frozenset(terms)

    @cached_property
    def titled(self) -> frozenset[str]:
        """Those of `ingredients` that the name speaks of: what the dish is about."""
        name = simplify(self.recipe.name)
        named = ingredient_terms(name)
        return frozenset(t for t in self.ingredients if t in named or (len(t) >= 2 and t in name))

    @cached_property
    def mains(self) -> int:
        """How many ingredients are neither seasoning nor water."""
        names = (simplify(i.name).strip() for i in self.recipe.ingredients)
        return sum(1 for name in names if name and name not in _STAPLES)

    @cached_property
    def text(self) -> str:
        """All words of the recipe, `simplify`-ed."""
        return simplify(self._whole[:MAX_TEXT_CHARACTERS])

    @cached_property
    def _whole(self) -> str:
        recipe = self.recipe
        listed = (f"{i.name} {i.amount}" for i in recipe.ingredients)
        return "\n".join((recipe.name, *recipe.aliases, *listed, *recipe.steps, *recipe.tips))

    @property
    def _is_cut(self) -> bool:
        return len(self._whole) > MAX_TEXT_CHARACTERS


def facets_of(recipe: Recipe) -> Facets:
    """The facets of `recipe`; any recipe is accepted."""
    return Facets(recipe)


def _inferred(facets: Facets) -> frozenset[str]:
    tags = set(DEVICES.groups(simplify("\n".join(facets.recipe.steps)[:MAX_TEXT_CHARACTERS])))
    said = facets.sure_tags
    listed = simplify("\n".join(i.name for i in facets.recipe.ingredients))
    touched = kinds_in(f"{facets.recipe.name}\n{listed}")
    if "辣" in touched:
        tags.add("辣")
    if not said & DISH_TYPES:
        tags.add("热菜")
    minutes = facets.minutes
    if minutes is not None and minutes <= _QUICK_MINUTES:
        tags.add("快手")
    if not touched & {"肉", "水产"} and not facets.kinds & {"猪肉", "牛肉", "鸡肉"}:
        tags |= {"全素", "素菜"} if not said & (_NO_MEAL | {"主食", "粥"}) else {"全素"}
    elif touched & {"肉"} and not said & _NO_MEAL:
        tags.add("荤菜")
    if not said & _NO_MEAL:
        tags |= _meal_tags(said | tags, touched, listed, facets)
    return frozenset(tags)


def _meal_tags(
    tags: set[str] | frozenset[str], touched: frozenset[str], listed: str, facets: Facets
) -> set[str]:
    """What can be said of a dish of a meal by what goes into it and how it is cooked."""
    found: set[str] = set()
    is_dish = "热菜" in tags
    if (
        is_dish
        and not tags & {"汤", "粥", "主食"}
        and (tags & _STRONG or any(word in listed for word in _RICH_SAUCES))
    ):
        found.add("下饭")
    light = not tags & _RICH_TAGS and "辣" not in facets.kinds
    light = light and not any(word in listed for word in _HEAVY_WORDS)
    if (light and tags & {"蒸", "煮", "汤", "粥", "凉拌", "沙拉", "清淡"}) or (
        light and "全素" in tags and "炒" in tags
    ):
        found.add("清淡")
    if light and "糖" not in touched and "肉" not in touched and tags & {"蒸", "煮", "凉拌", "沙拉", "汤"}:
        found.add("减脂")
    if light and tags & {"炖", "粥", "汤", "蒸"} and not touched & {"内脏", "生食"}:
        found.add("老人")
    if (
        light
        and not touched & {"酒", "内脏", "生食", "咖啡因", "花椒"}
        and ("糖" in touched or touched & {"鸡蛋", "虾"})
    ):
        found.add("儿童")
    if tags & {"汤", "火锅"} or ("炖" in tags and touched & {"羊肉", "牛肉", "猪肉"}):
        found.add("冬")
    if tags & {"凉菜", "凉拌", "沙拉"}:
        found.add("夏")
    return found
