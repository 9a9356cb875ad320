"""Wishes spotted in a sentence of which not every word is understood: 「凉菜，里头千万别有香菜」.

`index.wishes` reads what it understands to the last word, and is sure. People talk otherwise: they say what
is in the fridge, who comes to dinner, and what must not be in it, in words that no list has. Here the foods,
kinds of dishes, times and exclusions that are known are picked out, wherever they stand free: 豆腐 in
「鱼香豆腐」 does not, as 香 is unknown. What must not be in a dish has to be understood: when it is not,
nothing is read at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.ingredient_words import is_seasoning, split_list
from core.word_table import any_word
from index.conditions import Wishes
from index.spotting_words import (
    ASKS,
    AVOIDED,
    AVOIDS_AFTER,
    AVOIDS_BEFORE,
    HAS,
    IMPLIES_WITHOUT,
    MORE_FOODS,
    SAYS_NOTHING,
    TAG_WORDS,
)
from index.subjects import other_purpose_of
from index.text import simplify
from index.wish_limits import excluded, time_limit_of
from index.wish_words import ALLERGEN_GROUPS, IMPLIED_WITHOUT, TOKENS

MAX_QUERY_CHARACTERS = 200
MAX_FOODS = 6


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNSAID = frozenset({"孕妇", "月子"})
"""For whom it is, which hardly a recipe says: only what they must not eat counts."""
_SINGLE_FOODS = frozenset("鸡鸭鹅鱼虾蟹藕笋梨")
_MANNERS = frozenset("炒蒸炖烤炸煎煮拌烧")
_TASTES = frozenset("酸甜辣")
_NAMES_A_DISH = re.compile(
    "[^，。,.;；!！?？\\s]{2,10}(?:怎么做|怎样做|如何做|的?做法|怎么炒|怎么煮)[^，。,]{0,6}$"
)
_LISTED_DISH = re.compile("里的「")
_ASKS_FOR_ONE = re.compile("配方|方子|步骤|教程|做法|[怎咋]么?[样个]?[做弄炒煮烧蒸炖烤炸煎熬拌腌整]")
_EATERS = frozenset({"儿童", "宝宝", "老人", "孕妇", "月子"})
_MEALS = re.compile("什么|啥|吃的|辅食|餐|[做煮炒吃弄来]点?菜")
_EATS = re.compile("[吃喝菜做煮炒餐饭烧炖烤拌汤嗦啃品点食]")
_OTHER = re.compile(
    "卡路里|多少热量|热量[高多大]|[能可]以?吃.{0,6}吗|健身房|作业|怎么念|保存|保鲜|储存|变质|发芽|有毒|过期[了的]*[还能]"
    "|多大的?|什么时候|[放存冻][^，,。]{0,4}(?:几天|多久)|还能用|哪里买|在哪买|收割|选购|怎么[挑选洗种养]|真假|涨价|降价"
    "|怎么治|制冷|除味|挑食怎么办|出去吃|下馆子|为什么|为啥|几月|月份|中毒|[喝吃]吗|营养(?:主要|价值|成分|在)|朝上"
    "|下种|[猫狗]|会不会(?!做)|昨[天晚].{0,4}[吃喝]了?|[吃喝]了(?:顿|一顿|好多|太多)|好撑|吃撑|吃饱|没吃.?饭|头晕"
    "|缺[铁钙锌]"
)
"""What is asked about food, and is no wish for a dish."""


_TOGETHER = {
    "蛋奶": ("鸡蛋", "牛奶"),
    "鱼虾": ("鱼", "虾"),
    "牛羊肉": ("牛肉", "羊肉"),
    "辣椒花椒": ("辣", "花椒"),
}
"""Words for two things that are left out together."""
_STRICT = _words("不含 不含有 不能吃 不能有 不能碰 不能沾 无 零 免")
"""Whoever says it so means allergens as well."""
_ALLERGIC = _words(
    "过敏 都过敏 全过敏 不耐受 不耐 不耐症 一沾 一喝 一吃 一碰 碰不得 沾不得 吃不得 喝不得 就长红疹"
)
_NO_FOODS = _words("甜 甜的 甜口 酸 咸")
_AFTER_A_RULE = _words("的 人 菜 , 牛肉 羊肉 鸡肉")
_BETWEEN_ITEMS = _words(
    "和 跟 与 或 及 、 还有 或者 也 以及 加 一点 点 太 任何 什么 那么 吃 喝 要 里 搁 一起 对"
)
_BEFORE_ITEMS = _BETWEEN_ITEMS | _words("的 放 有")
_BACKWARDS = _words(
    "都 也 全 统统 一概 一律 就 完全 绝对 一点 一点儿 一口 一粒 一滴 半点 一丁点 点 这 这个 类 类的 之类 等"
    " 等等 千万 放 的 是 里 可 我 人 、 和 跟 与 或 及 还有"
)


@dataclass(slots=True)
class _Token:
    """A word of the sentence; `kind` is food, tag, avoided, after, before, fill, sign or unknown."""

    text: str
    kind: str
    value: str = ""
    is_taken: bool = False


def _vocabulary() -> dict[str, tuple[str, str]]:
    words: dict[str, tuple[str, str]] = dict.fromkeys(SAYS_NOTHING, ("fill", ""))
    words |= dict.fromkeys([*AVOIDED, *ALLERGEN_GROUPS], ("avoided", ""))
    for word, (kind, tag) in TOKENS.items():
        if kind == "food" and (len(word) > 1 or word in _SINGLE_FOODS):
            words[word] = ("food", word)
        elif kind in {"noun", "how", "type", "eater"}:
            words[word] = ("tag", tag)
        elif kind in {"head", "ask", "fill"}:
            words[word] = ("fill", "")
    words |= {word: ("food", word) for word in MORE_FOODS}
    words |= {word: ("tag", tag) for word, tag in TAG_WORDS.items()}
    words |= dict.fromkeys(IMPLIES_WITHOUT, ("implies", ""))
    words |= dict.fromkeys(AVOIDS_AFTER, ("after", "")) | dict.fromkeys(AVOIDS_BEFORE, ("before", ""))
    return words


_WORDS = _vocabulary()
_TOKEN = re.compile(
    rf"(?P<word>{any_word(_WORDS)})|(?P<fill>[0-9]+)|(?P<sign>[^\w]|_)|(?P<unknown>.)", re.DOTALL
)


def asks_for_no_dish(query: str) -> bool:
    """Whether `query` speaks of food, and wishes for none: 「鸡蛋放冰箱能放几天」."""
    return bool(other_purpose_of(query)) or _OTHER.search(simplify(query)) is not None


def asks_for_one(query: str) -> bool:
    """Whether `query` asks how one dish is made, rather than for ideas."""
    return _ASKS_FOR_ONE.search(simplify(query)) is not None


def spotted_wishes(query: str) -> Wishes | None:
    """What `query` plainly wishes for, whatever else it says; None when nothing is sure."""
    if len(query) > MAX_QUERY_CHARACTERS or _LISTED_DISH.search(query) or asks_for_no_dish(query):
        return None
    text = simplify(query)
    time, rest = time_limit_of(text)
    tokens = _tokens(rest)
    limits = _limits(tokens)
    if limits is None:
        return None
    limits |= time
    has = any(token.text in HAS for token in tokens)
    foods = [token.value for token in _free(tokens, "food", has=has) if not is_seasoning(token.value)]
    tags = [token.value for token in _free(tokens, "tag") if _describes(token, tokens)]
    implied = Wishes(without=tuple(kind for tag in tags for kind in IMPLIED_WITHOUT.get(tag, ())))
    kept = tuple(dict.fromkeys(tag for tag in tags if tag not in _UNSAID))
    found = limits | Wishes(ingredients=tuple(dict.fromkeys(foods))[:MAX_FOODS], tags=kept)
    if not found.has_conditions or not _is_asked(text, tokens, found, has=has):
        return None
    return found | implied


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text):
        kind, value = _WORDS.get(match[0]) or (str(match.lastgroup), "")
        if kind == "unknown" and tokens and tokens[-1].kind == kind:
            tokens[-1].text += match[0]
        else:
            tokens.append(_Token(match[0], kind, value))
    return tokens


def _limits(tokens: list[_Token]) -> Wishes | None:
    """What must not be in there, its tokens taken; None when that is not understood."""
    found = Wishes()
    for place, token in enumerate(tokens):
        if token.kind == "implies" and (place + 1 == len(tokens) or tokens[place + 1].text in _AFTER_A_RULE):
            found |= Wishes(without=IMPLIES_WITHOUT[token.text])
        if token.kind not in {"after", "before"}:
            continue
        allergic = token.text in _ALLERGIC
        items, is_other = _items_after(tokens, place) if token.kind == "after" else ([], False)
        if not items and not is_other:
            items = _items_before(tokens, place)
        if not items:
            is_said_twice = any(other.is_taken for other in tokens[max(0, place - 2) : place])
            if (allergic and not is_said_twice) or _next_is_unknown(tokens, place):
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
    if item == "油腻":
        return Wishes(tags=("清淡",))
    return excluded(item, strict=allergic or how in _STRICT, allergic=allergic)


def _items_after(tokens: list[_Token], place: int) -> tuple[list[_Token], bool]:
    """The foods that are not wanted, and whether it is something else that is not: 「没有高压锅」."""
    items: list[_Token] = []
    for token in tokens[place + 1 :]:
        if token.kind in {"food", "avoided"} or (token.kind == "tag" and token.text in {"辣", "麻辣"}):
            items.append(token)
        elif token.kind == "tag" and not items:
            token.is_taken = True  # 「不想喝汤」: nothing can be left out by kind of dish, but it is no wish
            return [], True
        elif token.text not in (_BETWEEN_ITEMS if items else _BEFORE_ITEMS):
            break
    return items, False


def _items_before(tokens: list[_Token], place: int) -> list[_Token]:
    items: list[_Token] = []
    for token in reversed(tokens[:place]):
        if token.is_taken:
            break
        if token.kind in {"food", "avoided"} or (token.kind == "tag" and token.text == "辣"):
            items.append(token)
        elif token.text not in _BACKWARDS or (items and token.text in {"有", "的", "我"}):
            break
    return items


def _next_is_unknown(tokens: list[_Token], place: int) -> bool:
    return place + 1 < len(tokens) and tokens[place + 1].kind == "unknown" and len(tokens[place].text) > 1


def _free(tokens: list[_Token], kind: str, *, has: bool = False) -> list[_Token]:
    """The tokens of a kind that stand free: no unknown word makes them part of a name.

    Of what somebody has at home (`has`), a short one before a food tells which: 「铁棍山药」.
    """
    free = []
    for place, token in enumerate(tokens):
        if token.kind != kind or token.is_taken:
            continue
        before = tokens[place - 1] if place else None
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        longest = 2 if has and len(token.text) > 1 else 0
        if not (_is_unknown(before, longest) or _is_unknown(after, min(longest, 1))):
            free.append(token)
    return free


def _is_unknown(token: _Token | None, longest: int) -> bool:
    """Whether there is a word that is not known, and longer than that."""
    return token is not None and token.kind == "unknown" and len(token.text) > longest


def _describes(token: _Token, tokens: list[_Token]) -> bool:
    """Whether a tag describes: a single 炒 is a verb, a single 酸 a taste before 的 or 口, or at the end."""
    if token.text in _MANNERS:
        return False
    if token.text not in _TASTES:
        return True
    place = next(place for place, other in enumerate(tokens) if other is token)
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    return after in {"", "的", "口", "口味", "味", "味儿", "一点", "点"}


def _clauses_with(tokens: list[_Token], kind: str) -> list[_Token]:
    """The tokens of the clauses that have one of a kind."""
    clauses: list[list[_Token]] = [[]]
    for token in tokens:
        if token.kind == "sign":
            clauses.append([])
        else:
            clauses[-1].append(token)
    return [t for clause in clauses if any(other.kind == kind for other in clause) for t in clause]


def _is_asked(text: str, tokens: list[_Token], found: Wishes, *, has: bool) -> bool:
    """Whether the sentence asks for ideas, or tells what there is; a name with a question does not."""
    if found.forbids:
        return True
    clauses = _clauses_with(tokens, "food" if found.ingredients else "tag")
    unknown = [len(token.text) for token in clauses if token.kind == "unknown"]
    is_about_one = not found.ingredients or max(unknown, default=0) > 1
    if _ASKS_FOR_ONE.search(text) and is_about_one and not has:
        return False
    if not found.ingredients and _EATERS.issuperset(found.tags) and not _MEALS.search(text):
        return False
    if _NAMES_A_DISH.search(text) and not found.max_minutes and len(found.ingredients) < 2:
        return False
    allowed = 2 if found.ingredients else 4
    if allowed * sum(unknown) > sum(len(token.text) for token in clauses) or not (
        found.ingredients or _EATS.search(text)
    ):
        return False
    return any(token.text in ASKS for token in tokens) or (not unknown and len(tokens) > 1)
