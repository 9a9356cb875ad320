"""What a query wants by structure rather than by name: 「十分钟早餐」「土豆和牛肉能做什么」「不含花生的菜」.

A query is read as wishes only when every word of it is understood (`index.wish_words`), or when what is not
understood plainly is a dish under conditions that no dish's name has: 「不含花生的…」「十分钟的…」.
Everything else is a name: 「早餐饼」「酸辣土豆丝」「清汤面」 name dishes, whatever words they are made of.
"""

from __future__ import annotations

import re
from dataclasses import replace

from index.conditions import Wishes, labels
from index.text import simplify, strip_shell
from index.wish_limits import NUMBER, limits_of, value_of
from index.wish_words import ANY_TOKEN, IMPLIED_WITHOUT, TOKENS

__all__ = ["Wishes", "labels", "wishes_of"]

MAX_QUERY_CHARACTERS = 220
MAX_INGREDIENTS = 8
MAX_COUNT = 10

_COUNT = re.compile(rf"(?P<n>{NUMBER})(?:道|个|样|种|款)(?!人|小时|钟头|月|季|鸡|蛋|土|番|西)")
_USES = re.compile(
    "(?:家里|冰箱|冰箱里|厨房|手头|手边|家中|现在|今天)*(?:面|里|里面)?(?:就|只|仅|还|都)*(?:剩下了?|剩了?|有|买了|拿)(?:一点|一些|点|些|了|很多|好多)*"
)
_WHAT_TO_COOK = re.compile(
    "(?:一起|可以|能|该|应该|还能|用来|拿来)*(?:做|炒|煮|烧|炖|弄|搞|整|吃)(?:成|出|点|些|个|一个|一道)?(?:什么|啥|哪些|几道)(?:菜|好吃的|吃的|好菜|汤|好吃|好|吃|呢|啊)*"
)
_BETWEEN = re.compile("还有|以及|或者|和|跟|与|及|加上|加|配|、|[,，;；+＋/ ]+")
_AMOUNT = re.compile(
    "^(?:[0-9]+|[一二两三四五六七八九十半几]+)?(?:个|只|根|块|斤|把|颗|片|条|盒|包|袋|点|些)?"
)
_OF_LIST = re.compile("(?P<query>.*)里的「(?P<name>[^」]+)」", re.DOTALL)
_CLAUSES = re.compile("[，,。；;！!？?~～…]+|、(?=[不无别没])")
_SPECIFIC = re.compile("怎么做|怎样做|如何做|做法|怎么炒|怎么煮|怎么烧|怎么弄|怎么办")
_TOKEN = re.compile(ANY_TOKEN)
_IDEAS = re.compile(
    "(?:吃|做|煮|烧|喝|炒|弄|整|搞).{0,4}(?:什么|啥)|有(?:什么|啥)好吃|(?:推荐|来|给|安排|想吃|随便|介绍).{0,6}(?:菜|吃的|好吃的|晚餐|午餐|晚饭|午饭)"
)


def wishes_of(text: str) -> Wishes | None:
    """The wishes of a query, or None when it names a dish (or is none of our business)."""
    query = simplify(text[:MAX_QUERY_CHARACTERS]).strip()
    if not query or len(text) > MAX_QUERY_CHARACTERS:
        return None
    if (picked := _OF_LIST.fullmatch(query)) is not None:
        return _picked(picked["query"], picked["name"])
    listed = _listed(query)
    if listed is not None:
        return listed
    clauses = [clause.strip() for clause in _CLAUSES.split(query) if clause.strip()]
    read = [_clause(clause) for clause in clauses]
    if any(read):  # beside a wish, a word is enough: 「清淡的下饭菜，再辣一点」
        read = [
            found or _described(clause, goes_on=True) for found, clause in zip(read, clauses, strict=True)
        ]
    whole = Wishes()
    for found in read:
        whole |= found or Wishes()
    names = [clause for found, clause in zip(read, clauses, strict=True) if found is None]
    if names and whole.has_conditions and not whole.subject and _only_limits(whole):
        subject = strip_shell(names[0]) if len(names) == 1 else "，".join(names)
        return replace(whole, subject=subject) if len(subject) >= 2 else None
    return None if names or not clauses else _with_implied(whole)


def _picked(query: str, name: str) -> Wishes:
    """A dish of a list (`core.list_follow_ups.of_list`): of the wishes, what must not be in it counts."""
    wishes = wishes_of(query) or Wishes()
    return Wishes(without=wishes.without, free_of=wishes.free_of, subject=name)


def _only_limits(wishes: Wishes) -> bool:
    return not (wishes.tags or wishes.ingredients)


def _with_implied(wishes: Wishes) -> Wishes:
    implied = tuple(kind for tag in wishes.tags for kind in IMPLIED_WITHOUT.get(tag, ()))
    return replace(wishes, without=tuple(dict.fromkeys((*wishes.without, *implied))))


def _clause(clause: str) -> Wishes | None:
    """What one clause wishes for; None when it names a dish without any condition."""
    limits, rest, joined = limits_of(clause)
    if limits.has_conditions and _says_nothing(rest):
        return limits
    plain = _described(rest, joined=joined)
    if plain is not None and (
        plain.has_conditions or limits.has_conditions or plain.count or _IDEAS.search(clause)
    ):
        return limits | plain
    if not limits.has_conditions or not joined:
        return None
    subject = strip_shell(rest)
    return replace(limits, subject=subject) if len(subject) >= 2 else None


def _says_nothing(text: str) -> bool:
    tokens = _tokens(text)
    return tokens is not None and all(kind in {"fill", "ask", "head", "的"} for _, kind, _ in tokens)


def _described(text: str, *, goes_on: bool = False, joined: bool = False) -> Wishes | None:
    """The wishes of a text whose every word is known; None when it has other words or names a dish.

    When it goes on from wishes said before (`goes_on`), a word alone is a wish as well; `joined` says that a
    condition with 的 stood before it.
    """
    found = Wishes()
    match = _COUNT.search(text)
    if match is not None:
        found = replace(found, count=min(MAX_COUNT, max(1, round(value_of(match["n"])))))
        text = text[: match.start()] + text[match.end() :]
    tokens = _tokens(text)
    if tokens is None or (not goes_on and _names_a_dish(tokens, text, asks=bool(found.count), joined=joined)):
        return None
    tags = tuple(dict.fromkeys(v for _, kind, v in tokens if kind in {"noun", "how", "type", "eater"}))
    foods = tuple(dict.fromkeys(v for _, kind, v in tokens if kind == "food"))
    return replace(found, tags=tags, ingredients=foods)


_Token = tuple[str, str, str]


def _tokens(text: str) -> list[_Token] | None:
    """(word, class, tag) of each word, None when some word is unknown; 的 and signs stand as they are."""
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        if text[place] in "的 、":
            tokens.append((text[place], "的", ""))
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None or TOKENS[match.group()][0] == "name":
            return None
        tokens.append((match.group(), *TOKENS[match.group()]))
        place = match.end()
    return tokens


_LETTERS = {"的": "|", "noun": "n", "head": "n", "how": "h", "eater": "h", "type": "t", "food": "f"}


def _names_a_dish(tokens: list[_Token], text: str, *, asks: bool, joined: bool) -> bool:
    """Whether words that are all known still name one dish: 「早餐饼」「酸辣汤」「土豆丝饼」.

    The words become letters, `|` for 的: 清淡的汤 is h|t.
    """
    said = "".join(_LETTERS[kind] for _, kind, _ in tokens if kind in _LETTERS).lstrip("|")
    if not said.strip("|"):  # 「你能做什么」 asks what the bot is for
        return _IDEAS.search(text) is None or text.startswith(("你能", "你会", "你可以"))
    *before, last = re.sub(r"\|+", "|", said).split("|")
    if not all(re.fullmatch("[hn]*f?|f+", part) for part in before):
        return True
    if _SPECIFIC.search(text):
        return bool(before) or re.fullmatch("h*n", last) is None
    is_group = re.fullmatch("h*n+", last) is not None  # 川菜, 清淡下饭菜, 宝宝早餐
    if re.fullmatch("f+n", last):  # 牛肉菜, but not 土豆沙拉
        is_group = next(kind for _, kind, _ in reversed(tokens) if kind in _LETTERS) == "head"
    asks = asks or any(kind == "ask" for _, kind, _ in tokens)
    return not (is_group or _describes(last, text, modified=bool(before) or joined, asks=asks))


def _describes(last: str, text: str, *, modified: bool, asks: bool) -> bool:
    """Whether words that name no group of dishes are asked for: 「清淡的汤」「什么汤」「想吃点酸的」."""
    what = re.search("什么|啥|哪些|适合", text) is not None
    asks = asks or re.search("想[吃喝要来]|[来换找给整]", text) is not None
    if last == "t":  # 「酸辣汤」 is h and t, and a dish
        return modified or asks or what
    if re.fullmatch("[fhnt]+", last) and (what or (last == "f" and modified)):  # 晚餐吃什么比较清淡
        return True
    return re.fullmatch("[hn]*", last) is not None and (modified or asks)


def _listed(query: str) -> Wishes | None:
    """「冰箱里只有土豆和牛肉」「番茄、鸡蛋能做什么」「土豆 牛肉」: nothing but ingredients, however asked."""
    if re.search("不|没|无|别|过敏|忌", query):
        return None
    bare = query.strip(" 。.!！?？~～")
    framed = _WHAT_TO_COOK.sub("", _USES.sub("", bare, count=1), count=1)
    framed = re.sub("^(?:我|我们|用|拿|把|想用)+|(?:怎么吃|怎么搭配|的菜|一起做|做菜)$", "", framed)
    parts = [_AMOUNT.sub("", part, count=1).removesuffix("了") for part in _BETWEEN.split(framed) if part]
    parts = [part for part in parts if part]
    known = [
        part for part in parts if TOKENS.get(part, ("", ""))[0] == "food" or part in {"面", "蛋", "肉", "米"}
    ]
    if not parts or len(parts) > MAX_INGREDIENTS or any(len(part) > 6 for part in parts):
        return None
    is_framed = framed != bare and (_USES.search(bare) is not None or _WHAT_TO_COOK.search(bare) is not None)
    enough = len(parts) >= 2 and len(known) == len(parts)
    in_frame = (
        is_framed and 2 * len(known) >= len(parts) and not any(c in part for part in parts for c in "的什么")
    )
    return Wishes(ingredients=tuple(dict.fromkeys(parts))) if enough or in_frame else None
