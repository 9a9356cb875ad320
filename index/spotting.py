"""Wishes spotted in a sentence of which not every word is understood: 「凉菜，里头千万别有香菜」.

`index.wishes` reads what it understands to the last word, and is sure. People talk otherwise: they say what
is in the fridge, who comes to dinner, and what must not be in it, in words that no list has. Here the foods,
kinds of dishes, times and exclusions that are known are picked out, wherever they stand free: 豆腐 in
「鱼香豆腐」 does not, as 香 is unknown. What must not be in a dish has to be understood: when it is not,
nothing is read at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.ingredient_words import is_seasoning, split_list
from core.word_table import word_set
from index.conditions import Wishes
from index.spotting_intent import asks_for_no_dish, is_asked
from index.spotting_tokens import Token, tokens_of
from index.spotting_words import HAS, IMPLIES_WITHOUT
from index.text import simplify
from index.wish_limits import excluded, time_limit_of
from index.wish_words import IMPLIED_WITHOUT

MAX_QUERY_CHARACTERS = 200
MAX_FOODS = 6


_UNSAID = frozenset({"孕妇", "月子"})
"""For whom it is, which hardly a recipe says: only what they must not eat counts."""
_MANNERS = frozenset("炒蒸炖烤炸煎煮拌烧")
_TASTES = frozenset("酸甜辣")
_TOGETHER = {
    "蛋奶": ("鸡蛋", "牛奶"),
    "鱼虾": ("鱼", "虾"),
    "牛羊肉": ("牛肉", "羊肉"),
    "辣椒花椒": ("辣", "花椒"),
}
"""Words for two things that are left out together."""
_STRICT = word_set("不含 不含有 不能吃 不能有 不能碰 不能沾 无 零 免")
"""Whoever says it so means allergens as well."""
_ALLERGIC = word_set(
    "过敏 都过敏 全过敏 不耐受 不耐 不耐症 一沾 一喝 一吃 一碰 碰不得 沾不得 吃不得 喝不得 就长红疹"
)
_ALLOWS = word_set("可以 能吃 没关系 没事 不要紧")
_NO_FOODS = word_set("甜 甜的 甜口 酸 咸")
_AVOIDED_TAGS = word_set("辣 麻辣 荤 荤的 荤菜 肉菜")
"""Words that also describe dishes."""
_AFTER_A_RULE = word_set("的 人 菜 , 牛肉 羊肉 鸡肉")
_BETWEEN_ITEMS = word_set(
    "和 跟 与 或 及 、 还有 或者 也 以及 加 一点 点 太 任何 什么 那么 吃 喝 要 里 搁 一起 对"
)
_BEFORE_ITEMS = _BETWEEN_ITEMS | word_set("的 放 有")
_BACKWARDS = word_set(
    "都 也 全 统统 一概 一律 就 完全 绝对 一点 一点儿 一口 一粒 一滴 半点 一丁点 点 这 这个 类 类的 之类 等"
    " 等等 千万 那股味 那股味儿 那味 那个味 那个味儿 放 的 是 里 可 我 人 、 和 跟 与 或 及 还有"
)
_BACKWARDS_BETWEEN = _BACKWARDS - word_set("的 我")


def spotted_wishes(query: str) -> Wishes | None:
    """What `query` plainly wishes for, whatever else it says; None when nothing is sure."""
    if len(query) > MAX_QUERY_CHARACTERS or "里的「" in query or asks_for_no_dish(query):
        return None
    text = simplify(query)
    time, rest = time_limit_of(text)
    tokens = tokens_of(rest)
    limits = _limits(tokens)
    if limits is None:
        return None
    limits |= time
    has = any(token.text in HAS for token in tokens)
    taken = {token.value for token in tokens if token.is_taken}
    foods = [tokens[place].value for place in _free(tokens, "food", has=has)]
    foods = [food for food in foods if food not in taken and not is_seasoning(food)]
    tags = [tokens[place].value for place in _free(tokens, "tag") if _describes(tokens, place)]
    implied = Wishes(without=tuple(kind for tag in tags for kind in IMPLIED_WITHOUT.get(tag, ())))
    kept = tuple(dict.fromkeys(tag for tag in tags if tag not in _UNSAID))
    found = limits | Wishes(ingredients=tuple(dict.fromkeys(foods))[:MAX_FOODS], tags=kept)
    if not found.has_conditions or not is_asked(text, tokens, found, has=has):
        return None
    return found | implied


def _limits(tokens: list[Token]) -> Wishes | None:
    """What must not be in there, its tokens taken; None when that is not understood."""
    found = Wishes()
    for place, token in enumerate(tokens):
        if token.kind == "implies" and (place + 1 == len(tokens) or tokens[place + 1].text in _AFTER_A_RULE):
            found |= Wishes(without=IMPLIES_WITHOUT[token.text])
        if token.text in _ALLOWS and place:
            tokens[place - 1].is_taken = True  # 「鸡蛋可以」 allows it, and asks for nothing
        if token.kind not in {"after", "before"}:
            continue
        allergic = token.text in _ALLERGIC
        items = _not_wanted(tokens, place)
        if not items:
            is_said_twice = any(other.is_taken for other in tokens[max(0, place - 2) : place])
            if (allergic and not is_said_twice) or (len(token.text) > 1 and _is_unknown(tokens, place + 1)):
                return None
            continue
        for item in items:
            item.is_taken = True
            for name in _TOGETHER.get(item.text) or split_list(item.text):
                found |= _without(name, token.text, allergic=allergic)
    return found


def _without(item: str, how: str, *, allergic: bool) -> Wishes:
    if item in _NO_FOODS:
        return Wishes()
    if item in {"荤", "荤的", "荤菜", "荤食", "荤腥"}:
        return Wishes(without=("肉", "水产"))
    if item == "油腻":
        return Wishes(tags=("清淡",))
    return excluded(item, strict=allergic or how in _STRICT, allergic=allergic)


def _not_wanted(tokens: list[Token], place: int) -> list[Token]:
    """The foods of which the word at `place` says that they are not wanted: those behind it, else before."""
    if tokens[place].kind == "after":
        items = _items(tokens[place + 1 :], _BEFORE_ITEMS, _BETWEEN_ITEMS)
        if items != []:
            return items or []
    return _items(reversed(tokens[:place]), _BACKWARDS, _BACKWARDS_BETWEEN) or []


def _items(near: Iterable[Token], first: frozenset[str], between: frozenset[str]) -> list[Token] | None:
    """The foods that are not wanted, in the order of `near`; None when it is something else: 「没有高压锅」.

    Args:
        near: the tokens on one side of the word that says so, the nearest first.
        first: words that may stand before the first food.
        between: words that may stand between foods.
    """
    items: list[Token] = []
    for token in near:
        if token.is_taken:
            break
        if token.kind in {"food", "avoided"} or token.text in _AVOIDED_TAGS:
            items.append(token)
        elif token.kind == "tag" and not items:
            token.is_taken = True  # 「不想喝汤」: nothing can be left out by kind of dish, but it is no wish
            return None
        elif token.text not in (between if items else first):
            break
    return items


def _free(tokens: list[Token], kind: str, *, has: bool = False) -> list[int]:
    """The places of the tokens of a kind that stand free: no unknown word makes them part of a name.

    Of what somebody has at home (`has`), a short one before a food tells which: 「铁棍山药」.
    """
    free = []
    for place, token in enumerate(tokens):
        longest = 2 if has and len(token.text) > 1 else 0
        is_part = _is_unknown(tokens, place - 1, longest) or _is_unknown(tokens, place + 1, min(longest, 1))
        if token.kind == kind and not token.is_taken and not is_part:
            free.append(place)
    return free


def _is_unknown(tokens: list[Token], place: int, longest: int = 0) -> bool:
    """Whether there is a word that is not known, and longer than that."""
    if not 0 <= place < len(tokens):
        return False
    return tokens[place].kind == "unknown" and len(tokens[place].text) > longest


def _describes(tokens: list[Token], place: int) -> bool:
    """Whether a tag describes: a single 炒 is a verb, a single 酸 a taste before 的 or 口, or at the end."""
    text = tokens[place].text
    if text in _MANNERS:
        return False
    if text not in _TASTES:
        return True
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    return after in {"", "的", "口", "口味", "味", "味儿", "一点", "点"}
