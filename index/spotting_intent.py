"""Whether a sentence asks for dishes at all, for `index.spotting`."""

from __future__ import annotations

import re

from core.word_table import word_set
from index.conditions import Wishes
from index.facet_words import CUISINES
from index.spotting_tokens import Token
from index.spotting_words import ASKS
from index.subjects import other_purpose_of
from index.text import simplify

_NAMES_A_DISH = re.compile(
    "[^，。,.;；!！?？\\s]{2,10}(?:怎么做|怎样做|如何做|的?做法|怎么炒|怎么煮)[^，。,]{0,6}$"
)
_ASKS_FOR_ONE = re.compile("配方|方子|步骤|教程|做法|[怎咋]么?[样个]?[做弄炒煮烧蒸炖烤炸煎熬拌腌整]")
_EATERS = frozenset({"儿童", "宝宝", "老人", "孕妇", "月子"})
OCCASIONS = _EATERS | word_set(
    "春 夏 秋 冬 节日 年夜饭 中秋 端午 元宵 冬至 清明 圣诞 生日 野餐 聚会 宴客 便当"
)
"""Tags that say when and for whom, which few recipes tell of themselves."""
_MEALS = re.compile("什么|啥|吃的|辅食|餐|[做煮炒吃弄来]点?菜")
_EATS = re.compile("[吃喝菜做煮炒餐饭烧炖烤拌汤嗦啃品点食味]")
_OTHER = re.compile(
    "卡路里|多少热量|热量[高多大]|[能可]以?吃(?!的).{0,6}吗|健身房|作业|怎么念|保存|保鲜|储存|变质|发芽|有毒|过期[了的]*[还能]"
    "|多大的?|什么时候|[放存冻][^，,。]{0,4}(?:几天|多久)|还能用|哪里买|在哪买|收割|选购|怎么[挑选洗种养]|真假|涨价|降价"
    "|怎么治|制冷|除味|挑食怎么办|出去吃|下馆子|为什么|为啥|几月|月份|中毒|[喝吃]吗|营养(?:主要|价值|成分|在)|朝上"
    "|下种|[猫狗]|会不会(?!做)|昨[天晚].{0,4}[吃喝]了?|[吃喝]了(?:顿|一顿|好多|太多)|好撑|吃撑|吃饱|没吃.?饭|头晕"
    "|缺[铁钙锌]|朝代|蛋白质|不一样|最喜欢吃什么|[早中午晚]上?好$|早安|晚安"
)
"""What is asked about food, and is no wish for a dish."""


def asks_for_no_dish(query: str) -> bool:
    """Whether `query` speaks of food, and wishes for none: 「鸡蛋放冰箱能放几天」."""
    return bool(other_purpose_of(query)) or _OTHER.search(simplify(query)) is not None


def asks_for_one(query: str) -> bool:
    """Whether `query` asks how one dish is made, rather than for ideas."""
    return _ASKS_FOR_ONE.search(simplify(query)) is not None


def _clauses_with(tokens: list[Token], kind: str) -> list[Token]:
    """The tokens of the clauses that have one of a kind."""
    clauses: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "sign":
            clauses.append([])
        else:
            clauses[-1].append(token)
    return [t for clause in clauses if any(other.kind == kind for other in clause) for t in clause]


def is_asked(text: str, tokens: list[Token], found: Wishes, *, has: bool) -> bool:
    """Whether the sentence asks for ideas, or tells what there is; a name with a question does not."""
    if found.forbids:
        return True
    if not (found.ingredients or _says_what(text, found.tags)):
        return False
    clauses = _clauses_with(tokens, "food" if found.ingredients else "tag")
    unknown = [len(token.text) for token in clauses if token.kind == "unknown"]
    is_about_one = not found.ingredients or max(unknown, default=0) > 1
    if _ASKS_FOR_ONE.search(text) and is_about_one and not has:
        return False
    if _NAMES_A_DISH.search(text) and not found.max_minutes and len(found.ingredients) < 2:
        return False
    allowed = 2 if found.ingredients else 3
    if allowed * sum(unknown) > sum(len(token.text) for token in clauses):
        return False
    is_asked = found.max_minutes is not None or any(token.text in ASKS for token in tokens)
    return is_asked or (not unknown and len(tokens) > 1)


def _says_what(text: str, tags: tuple[str, ...]) -> bool:
    """Whether tags alone are a wish: 「孩子」 is none, 「给孩子做点吃的」 is."""
    if _EATERS.issuperset(tags):
        return _MEALS.search(text) is not None
    return not (OCCASIONS | CUISINES).issuperset(tags) or _EATS.search(text) is not None
