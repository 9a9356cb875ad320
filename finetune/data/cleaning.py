"""Makes a recipe fit to be taught: tidy lines, no advertisements, nothing essential missing."""

from __future__ import annotations

import re
from dataclasses import replace

from core.recipe import Ingredient, Recipe

_SPACES = re.compile(r"\s+")
_ADVERTISEMENT = re.compile(
    r"https?://|www\.|公众号|微信|加[vV]信|微博|关注我|淘宝|[qQ]{2}群|扫码|小红书号|抖音号|转载|版权"
)
_NUMBERING = re.compile(
    r"^\s*(?:第?[0-9一二三四五六七八九十]{1,3}步?\s*[、.．:：)）](?![0-9])\s*|[①-⑳]\s*|step\s*\d+[\s.:：]*)",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f]")
_EMPTY_TALK = re.compile(
    "(?:成品|完成|开吃|上图|如图|出锅|备用|准备|备好|食材|材料|原料|图|好|啦|了|[。！!～~，,…. ])+"
)
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_STEP = 1500
_MOST_ITEMS = 60
"""Beyond this many steps or ingredients it is no recipe but a book, or broken."""


class NothingToTeachError(ValueError):
    """The recipe lacks what every conversation needs; the message says what, in a few words."""


def tidy(recipe: Recipe) -> Recipe:
    """The recipe with tidy texts.

    Raises:
        NothingToTeachError: no name, ingredients or steps are left, or far too many.
    """
    name = _line(recipe.name)
    if not _LETTER.search(name):
        raise NothingToTeachError("no name")
    ingredients = tuple(item for item in map(_ingredient, recipe.ingredients) if _LETTER.search(item.name))
    steps = _lines(recipe.steps)
    if not ingredients:
        raise NothingToTeachError("no ingredients")
    if not steps:
        raise NothingToTeachError("no steps")
    if max(len(steps), len(ingredients)) > _MOST_ITEMS or max(map(len, steps)) > _LONGEST_STEP:
        raise NothingToTeachError("too long")
    return replace(
        recipe,
        name=name,
        ingredients=ingredients,
        steps=steps,
        aliases=tuple(filter(None, map(_line, recipe.aliases))),
        tips=_lines(recipe.tips),
        source=_line(recipe.source),
    )


def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Lines without numbers of their own; no advertisements, nothing that says nothing; each once."""
    lines = (_NUMBERING.sub("", _line(text)) for text in texts)
    return tuple(dict.fromkeys(line for line in lines if _says_something(line)))


def _says_something(line: str) -> bool:
    return bool(_LETTER.search(line)) and not _ADVERTISEMENT.search(line) and not _EMPTY_TALK.fullmatch(line)


def _ingredient(ingredient: Ingredient) -> Ingredient:
    return replace(ingredient, name=_line(ingredient.name))


def _line(text: str) -> str:
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()
