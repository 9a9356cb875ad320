"""What a recipe is an example of: cuisine, category, tastes, traits and main ingredients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.ingredient_words import is_seasoning, kind_named
from core.recipe import Recipe

QUICK_MINUTES = 20
"""Up to this a dish counts as quick."""
_MOST_MAINS = 4
_TRAITS = re.compile(
    "快手|下饭|家常|宴客|节日|早餐|夜宵|素食|减脂|低脂|便当|下酒|儿童|宝宝|烧烤|火锅|小吃|年夜饭"
)
_CATEGORY_ENDINGS = (
    (re.compile("汤$|羹$"), "汤羹"),
    (re.compile("粥$"), "粥"),
    (re.compile("面$|面条$|米线$|粉丝?$"), "面食"),
    (re.compile("饭$|炒饭$"), "米饭"),
    (re.compile("饼$|包子?$|饺子?$|馄饨$|馒头$|花卷$"), "面点"),
    (re.compile("蛋糕$|面包$|吐司$|饼干$|曲奇$|蛋挞$|泡芙$"), "烘焙"),
    (re.compile("沙拉$"), "沙拉"),
    (re.compile("^凉拌"), "凉菜"),
)
_NO_MAIN = re.compile(
    "[0-9a-zA-Z ]|[盐糖油醋酒水精抽粉葱姜蒜酱汁叶料卤蜜]$|(?<![青彩甜尖菜])椒$"
    "|^(?:葱|姜|蒜|盐|糖|香菜|八角|桂皮|芝麻|花椒|胡椒|调料|配料|主料|酵母|高汤|开水|适量)"
)


@dataclass(frozen=True, slots=True)
class Label:
    """One thing that a recipe is an example of."""

    word: str
    sort: Literal["cuisine", "category", "taste", "trait"]

    @property
    def noun(self) -> str:
        """The label as a noun phrase: 川菜, 汤羹, 麻辣口味的菜, 快手菜."""
        if self.sort == "taste":
            return f"{self.word}口味的菜"
        if self.sort == "trait":
            return self.word if self.word.endswith(("菜", "餐", "吃", "宵", "饭", "当")) else f"{self.word}菜"
        return self.word


def labels_of(recipe: Recipe) -> tuple[Label, ...]:
    """The labels of a recipe: as it says itself, else told from its name, time and ingredients."""
    labels = [Label(recipe.cuisine, "cuisine")] if recipe.cuisine else []
    category = recipe.category or next(
        (c for ending, c in _CATEGORY_ENDINGS if ending.search(recipe.name)), ""
    )
    if category:
        labels.append(Label(category, "category"))
    labels += [Label(taste, "taste") for taste in recipe.tastes]
    if not recipe.tastes and any(kind_named("辣椒").is_in(item.name) for item in recipe.ingredients):
        labels.append(Label("辣", "taste"))
    labels += [Label(word, "trait") for word in recipe.keywords if _TRAITS.fullmatch(word)]
    if recipe.minutes is not None and recipe.minutes <= QUICK_MINUTES:
        labels.append(Label("快手", "trait"))
    return tuple(dict.fromkeys(labels))


def main_ingredients(recipe: Recipe) -> tuple[str, ...]:
    """What the dish is made of, seasonings left out, most important first, at most four."""
    names = (item.name for item in recipe.ingredients)
    mains = (n for n in names if 1 <= len(n) <= 6 and not _NO_MAIN.search(n) and not is_seasoning(n))
    return tuple(dict.fromkeys(mains))[:_MOST_MAINS]
