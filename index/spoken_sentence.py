"""A spoken question taken apart: opening, name of a dish, ending, each of which may be misheard.

Recognisers mishear the shell of a question like anything else (「想学蛋挞」 → 「小雪淡淘」), so a shell is
not cut off beforehand. What it costs to read the first or the last characters as a shell is kept for every
place in the sentence, and whoever looks for a name adds it up: shells that were heard right cost nothing,
misheard ones as much as their sound is off, and what is neither shell nor name costs `STRAY` a character.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from core.list_follow_ups import may_be_about_list
from core.question_rules import RULES, Scene
from core.question_text import prepared, subject_in
from core.recipe import Recipe
from core.understanding import is_courtesy
from index.phonetics import Codes, Costs, syllabary
from index.text import clauses_before_question, plain_key_of, simplify, strip_shell
from index.wishes import wishes_of

MAX_CHARACTERS = 48
"""A longer sentence is looked at no further: dishes are named at its beginning."""
STRAY = 0.65
"""Cost of a character of no shell and no name; a random syllable for another costs 0.67 in the median."""
MISHEARD = (0.02, 0.2, 0.34)
"""A shell of one, two, more characters whose syllables are further off than this on average is not one."""

_OPENINGS = (
    "想学 我想学 想学做 我想吃 想吃 我想做 想做 我要做 我要吃 要做 教我做 教我 教教我 请教我做 请问 "
    "请问一下 问一下 怎么做 怎样做 如何做 怎么弄 咋做 怎么炒 怎么烧 怎么煮 怎么蒸 在家怎么做 帮我查一下 "
    "帮我找 查一下 我想知道 告诉我 有没有 来一份 来个 来一道 给我 给我做 你会做 会做 你知道 说说 讲讲 "
    "今天做 今天想吃 今晚吃 推荐 一下 你好 那 嗯 啊"
)
_ENDINGS = (
    "怎么做 怎样做 如何做 怎么做好吃 怎么做才好吃 怎么做呢 怎么做啊 要怎么做 应该怎么做 该怎么做 "
    "可以怎么做 怎么弄 要怎么弄 该怎么弄 咋做 咋弄 咋整 怎么炒 怎么烧 怎么煮 怎么炖 怎么蒸 怎么烤 "
    "怎么炸 怎么煎 怎么拌 怎么包 怎么腌 怎么制作 如何制作 的做法 做法 家常做法 的家常做法 的菜谱 菜谱 "
    "的食谱 的配方 的步骤 的方法 的制作方法 做法是什么 的做法是什么 需要哪些食材 要哪些食材 "
    "需要什么食材 需要什么材料 要什么材料 需要准备什么 要准备什么 用什么材料 怎么做的 怎么才好吃 好吃 "
    "吧 了 呢 啊 呀 吗 的"
)
_TALK = (
    "下一步 上一步 换一道 换一个 换个菜 再说一遍 再讲一遍 重新开始 从头开始 谢谢 谢谢你 好的 知道了 "
    "你好 再见 没听清 第一步 第二步 第三步 第四步 第五步 第几步 第三步怎么做 上一步是什么 下一步是什么 "
    "下一步怎么做 然后呢 接下来呢 一人份 两人份 三人份 四人份 改成两人份 改成三人份 改成四人份 "
    "改成六人份 两个人吃 做三个人的量 减半 加倍 要多少盐 要放多少盐 放多少糖 要多少油 要多少水 少放点盐 "
    "少放点油 可以不放糖吗 不要辣椒 不放香菜 少辣一点 那少辣一点呢 要煮多久 还要煮多久 要腌多久 "
    "要炖多久 要多长时间 焯水要多长时间 火要多大 用什么火 水开了以后呢 能放几天 能放冰箱几天 "
    "需要什么食材 要准备什么 有什么小窍门 怎么去腥 太咸了怎么办 太辣了怎么办 糊了怎么办 没有料酒怎么办 "
    "用什么代替 热量高吗 孕妇能吃吗 小孩能吃吗 可以用烤箱吗 今天吃什么 晚上吃什么 推荐一个菜 "
    "推荐一个下饭菜 有没有简单一点的 我不吃香菜 今天天气怎么样 现在几点了 给我讲个笑话"
)
"""What people say in a kitchen that names no dish; a sentence that sounds more like it is left alone."""
_ANY_DISH = Recipe(recipe_id="-", name="-", ingredients=(), steps=())


@dataclass(frozen=True, slots=True)
class Sentence:
    """What was heard, prepared for finding a name in it.

    Attributes:
        text: simplified, letters, digits and Han only.
        codes: how it is read, a code for each character.
        heard: float32 [len(text), codes], see `Syllabary.heard`.
        openings: float32 [len(text) + 1], what it costs to read that many first characters as no name.
        endings: float32 [len(text) + 1], what it costs to read the rest from there as no name.
        talk: what it costs to read all of it as something that names no dish.
    """

    text: str
    codes: Codes
    heard: Costs
    openings: Costs
    endings: Costs
    talk: float
    _shells: tuple[dict[int, str], dict[int, str]]

    @staticmethod
    def of(transcript: str) -> Sentence:
        """Prepare `transcript`."""
        simplified = simplify(transcript[: 4 * MAX_CHARACTERS])
        text = plain_key_of(simplified)[:MAX_CHARACTERS]
        heard = syllabary().heard(text)
        subjects = [strip_shell(text), *clauses_before_question(text)]
        spans = [
            (at, at + len(subject)) for subject in subjects if subject and (at := text.find(subject)) >= 0
        ]
        openings, before = _read(text, heard, _shells(_OPENINGS), [start for start, _ in spans])
        # an ending is an opening of the sentence read backwards
        backwards = _shells(_ENDINGS, backwards=True)
        endings, after = _read(text[::-1], heard[::-1], backwards, [len(text) - end for _, end in spans])
        return Sentence(
            text, syllabary().codes(text), heard, openings, endings[::-1], _as_talk(heard), (before, after)
        )

    def with_name(self, start: int, end: int, name: str) -> str:
        """The sentence with `name` in the place of characters `start` to `end`, misheard shells put right."""
        before, after = self._shells
        opening = _rewritten(self.text[:start], before)
        ending = _rewritten(self.text[end:][::-1], after)[::-1]
        return opening + name + ending


@dataclass(frozen=True, slots=True)
class _Shells:
    """Shells of one length in characters: what they say, and how they are read, uint16 [n, length]."""

    texts: tuple[str, ...]
    codes: Codes


@cache
def _shells(words: str, *, backwards: bool = False) -> tuple[_Shells, ...]:
    step = -1 if backwards else 1
    by_length: dict[int, list[str]] = {}
    for word in words.split():
        by_length.setdefault(len(word), []).append(word)
    return tuple(
        _Shells(
            tuple(word[::step] for word in same), np.stack([syllabary().codes(word)[::step] for word in same])
        )
        for same in by_length.values()
    )


def _read(
    text: str, heard: Costs, shells: tuple[_Shells, ...], certain: list[int]
) -> tuple[Costs, dict[int, str]]:
    """The cheapest reading of the first characters of `text` as shells and strays, for every number of them.

    Returns:
        The costs, float32 [len(text) + 1], and which shell ends at which place in the cheapest reading.
    """
    matches = [match for same in shells for match in _misheard(heard, same)]
    costs = np.full(len(text) + 1, np.inf, dtype=np.float32)
    costs[0] = 0
    ends: dict[int, str] = {}
    for end in range(1, len(text) + 1):
        costs[end] = costs[end - 1] + STRAY
        if end in certain:
            costs[end], ends[end] = 0, text[:end]
            continue
        for start, shell, off in matches:
            if start + len(shell) == end and costs[start] + off < costs[end]:
                costs[end], ends[end] = costs[start] + off, shell
    return costs, ends


def _misheard(heard: Costs, shells: _Shells) -> Iterator[tuple[int, str, float]]:
    """Where a shell may have been heard: (first character, shell, cost), the best shell for each place."""
    length = shells.codes.shape[1]
    places = len(heard) - length + 1
    if places < 1:
        return
    off = np.add.reduce([heard[k : k + places, shells.codes[:, k]] for k in range(length)])
    best = off.argmin(axis=1)
    for place in np.flatnonzero(off.min(axis=1) <= MISHEARD[min(length, 3) - 1] * length):
        yield int(place), shells.texts[best[place]], float(off[place, best[place]])


def _as_talk(heard: Costs) -> float:
    """What it costs to read the whole sentence as one of `_TALK`."""
    as_long = (shells for shells in _shells(_TALK) if shells.codes.shape[1] == len(heard))
    return min((off for shells in as_long for _, _, off in _misheard(heard, shells)), default=float("inf"))


def _rewritten(text: str, ends: dict[int, str]) -> str:
    """`text` with the shells that were read in it."""
    pieces, end = [], len(text)
    while end > 0:
        pieces.append(ends.get(end, text[end - 1]))
        end -= len(pieces[-1])
    return "".join(reversed(pieces))


def names_no_dish(transcript: str) -> bool:
    """Whether the words are plainly a follow-up, a wish for a kind of dish or a courtesy, as they stand."""
    if is_courtesy(transcript) or may_be_about_list(transcript[: 4 * MAX_CHARACTERS]):
        return True
    wishes = wishes_of(transcript[: 4 * MAX_CHARACTERS])
    if wishes is not None and not wishes.subject:
        return True
    text = prepared(transcript)
    for rule in RULES if text else ():
        match = rule.pattern.fullmatch(text)
        found = rule.build(match, Scene(_ANY_DISH)) if match else None
        if found is not None:
            return not subject_in(found.subject)
    return False
