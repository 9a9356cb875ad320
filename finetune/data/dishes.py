"""What dish a recipe is of: the name that people say, and comparable names that keep the splits apart.

Titles are decorated: 「【十分钟快手】外婆的家常红烧肉（电饭锅版）」 is asked for as 「外婆的家常红烧肉」,
and is the dish 「红烧肉」 when the corpus says so.
"""

from __future__ import annotations

import re
import unicodedata

from core.recipe import Recipe
from index.text import key_of

_OPENING, _CLOSING = "（(【\\[「『《〈<{｛［", "）)】\\]」』》〉>}｝］"
_BRACKETS = re.compile(f"[{_OPENING}][^{_OPENING}{_CLOSING}]*[{_CLOSING}]")
_DECORATION = (
    "(?:超级?|最|巨|特别|零失败的?|不失败的?|简单|简易|易做|懒人|快手|家常|家庭|自制|自己做的?|手工|私房|秘制"
    "|独家|正宗|地道|传统|经典|美味的?|好吃的?|好喝的?|可口的?|健康|营养|详细|图解|新手|小白|入门|必学|必备"
    "|万能|百吃不厌的?|下饭神器|的)"
)
_DECORATED = re.compile(
    f"^{_DECORATION}+(?=.{{2,}}$)"
    "|(?<=.{2})的?(?:(?:家常|正宗|简单)?做法|(?:简单|快手|家常|懒人|改良|升级)?版)$"
)
_SPACES = re.compile(r"\s+")
_SHORTEST = 2


def title_of(recipe: Recipe) -> str:
    """The name as people say it: without brackets, emoji and line breaks; never empty."""
    plain = _said(recipe.name)
    return plain if len(plain) >= _SHORTEST else _SPACES.sub(" ", recipe.name).strip()


def dish_of(recipe: Recipe) -> str:
    """The comparable name of the dish; recipes of one dish share it.

    An alias within the title (下厨房 names the dish 「红烧肉」 of 「外婆红烧肉」) is the more general name.
    """
    title = _key(title_of(recipe))
    general = [key for alias in recipe.aliases if (key := _key(_said(alias))) and key in title]
    return min(general, key=len, default=title)


def names_of(recipe: Recipe) -> tuple[str, ...]:
    """All comparable names: two recipes that share one count as the same dish when splits are kept apart."""
    keys = [dish_of(recipe), _key(title_of(recipe)), *(_key(_said(alias)) for alias in recipe.aliases)]
    return tuple(dict.fromkeys(key for key in keys if key))


def dish_named(text: str) -> str:
    """The comparable name of a dish that is called `text`; "" when it is too short to name one."""
    return _key(_said(text))


def _said(name: str) -> str:
    text = name
    for _ in range(2):  # brackets within brackets
        text = _BRACKETS.sub(" ", text)
    visible = "".join(c if unicodedata.category(c)[0] in "LNPZ" else " " for c in text)
    return _SPACES.sub(" ", visible).strip(" ·•-—_~～!！。.,，、|｜/:：")


def _key(name: str) -> str:
    key = key_of(name)
    for _ in range(2):
        key = _DECORATED.sub("", key)
    return key if len(key) >= _SHORTEST else ""
