"""Rules about doing without an ingredient (「没有料酒怎么办」) and about less or more (「少辣一点」)."""

from __future__ import annotations

import re
from typing import Literal

from core.answering import Adjusted, Without
from core.ingredient_words import VOCABULARY, split_ingredient
from core.question_rules.pieces import (
    CAN,
    DISH,
    INGREDIENT,
    WHAT,
    Build,
    Found,
    Scene,
    any_of,
    fixed,
    is_known,
    needs_dish,
    rule,
)

_POSSIBLE = any_of("可以 能 行 能不能 可不可以")
_WHAT_THEN = any_of(
    """该?怎么办 该?咋办 咋整 怎么弄 怎么处理 会怎样 会怎么样 怎么样 可以 可不可以 行不行 行 成 好吃
    有影响 影响大 要紧 没事"""
)
_OUTCOME = rf"(?:[,，]?(?:{_WHAT_THEN}|[还也]?{_POSSIBLE}(?:做|吃|弄|好吃)?))"
_IF = f"{any_of('家里 我家? 手边 手头 家中 想 又 刚好 正好 可以 能 能不能 可不可以 能否 可否')}{{0,3}}?"
_LACKING = any_of(
    """不要放 不要加 别放 别加 没有 没 缺 不放 不加 不用 不要 不吃 不想放 不想加 不想用 不想吃
    去掉 去除 省略 省去 省掉 少了"""
)
_LEFT_OUT = any_of("全?拿掉 全?拿走 不放 不加 省略 省掉 省去 去掉 不要 不用")
_USED_UP = any_of("没有了? 没了 用完了 用光了")
_REPLACE = any_of("代替 替代 替换 取代 顶替 代换 顶一下 顶一顶 替一下")
_SUBSTITUTE = "(?P<sub>[^怎如的办吗呢做吃,，]{1,8}?)"
_MAY = any_of("可以 可不可以 能否 能不能 能")
_HOW = any_of("怎么做 如何做 怎么弄")
_SPARE = any_of("替代品 代替品 替代物 平替")


def _lacks(match: re.Match[str], scene: Scene) -> Found | None:
    word = match["ing"].removesuffix("了")
    if word in {"行不", "可不", "成不", "能不"}:  # 「料酒不放行不行」
        return None
    sure = bool(match["outcome"]) or is_known(word, scene)
    return Found(Without(word), match["dish"]) if word and sure else None


def _leaves_out(match: re.Match[str], scene: Scene) -> Found | None:
    dish, word = split_ingredient(match["both"])
    return Found(Without(word), dish) if word and (dish or scene.dish or word in VOCABULARY) else None


def _must_have(match: re.Match[str], _scene: Scene) -> Found:
    return Found(Without(match["ing"]), match["dish"])


def _replaces(match: re.Match[str], scene: Scene) -> Found | None:
    groups = match.groupdict()
    substitute = re.sub(rf"^{WHAT}(?:东西)?$", "", groups.get("sub") or "")
    dish, word = groups.get("dish") or "", groups.get("ing") or ""
    if groups.get("both"):
        dish, word = split_ingredient(groups["both"])
        if re.search("[,，]", word) and scene.dish is not None:
            dish, word = "", ""  # 「太辣了，改成紫菜蛋花汤」
    if not word and not (substitute and scene.dish is not None):
        return None
    return Found(Without(word, substitute), dish)


def _replaces_known(match: re.Match[str], scene: Scene) -> Found | None:
    """「冰糖可以用白糖吗」, but not 「蛋糕可以用电饭煲吗」."""
    return _replaces(match, scene) if is_known(split_ingredient(match["both"])[1], scene) else None


REPLACING_RULES = (
    rule(rf"{DISH}{CAN}[用拿以]{_SUBSTITUTE}来?{_REPLACE}(?P<ing>{INGREDIENT}){_OUTCOME}?", _replaces),
    rule(rf"(?P<both>.*?){CAN}[用拿以]{_SUBSTITUTE}来?{_REPLACE}{_OUTCOME}?", _replaces),
    rule(rf"(?P<both>.+?){CAN}{any_of('换成 改成 换为 改用')}{_SUBSTITUTE}{_OUTCOME}?", _replaces),
    rule(rf"(?P<both>)(?:换成|改成|换为|改用|用){_SUBSTITUTE}{_OUTCOME}", _replaces),
    rule(rf"(?P<both>.+?){_MAY}用(?:{_SUBSTITUTE}|(?:别的|其他的?).{{0,3}}){_OUTCOME}?", _replaces_known),
    rule(rf"{DISH}{WHAT}(?:东西)?{CAN}{_REPLACE}(?P<ing>{INGREDIENT})", _replaces),
    rule(
        rf"(?P<dish>){_SUBSTITUTE}{_MAY}{_REPLACE}(?P<ing>{INGREDIENT}){_OUTCOME}?",
        _replaces,
    ),
    rule(
        rf"(?P<both>.+?){any_of('有没有 有什么 有啥 有 用什么 的 可以 能')}?(?:{_SPARE}|{_REPLACE})"
        rf"{any_of('是什么 有哪些 有什么 可以用什么')}?",
        _replaces,
    ),
    rule(
        rf"{DISH}{_IF}(?<!有){_LACKING}(?P<ing>{INGREDIENT})(?P<outcome>{_OUTCOME})?{_HOW}?",
        _lacks,
    ),
    rule(rf"(?P<both>.+?){CAN}{_LEFT_OUT}了?{_OUTCOME}?", _leaves_out),
    rule(rf"(?P<both>.+?){_USED_UP}{_OUTCOME}?", _leaves_out),
    rule(rf"{DISH}{any_of('一定 必须 非')}[要得]?[放加用](?P<ing>{INGREDIENT})(?:不可)?", _must_have),
    rule(rf"(?P<both>.+?)是?{any_of('一定 必须 必需')}[要得]?[放加用]?的?", _leaves_out, ask="[吗么]"),
)

_QUALITIES = {"咸": "盐", "甜": "糖", "腻": "油", "油腻": "油", "淡": "盐", "清淡": "油、盐", "重口": "盐"}
"""What to change for a taste; other words stand for themselves."""
_LESS_OF_ALL = frozenset({"淡", "清淡"})
_TASTE = f"(?P<q>{any_of('清淡 油腻 重口 辣 咸 淡 甜 酸 麻 腻')})"
_BIT = any_of("一点点?儿? 一些 些 点儿 点")
_LEAD_IN = "[想要能可以把做弄请希望让它味道怎么,，会吃得口味放还]{0,6}"
_END = f"{any_of('怎么做 怎么弄 怎么办 咋办 怎么调整? 怎么改 咋改 可以 行 的')}?"
_CAN_BE_MADE = f"{CAN}{any_of('做成 做得 改成 变成 弄成')}"
_TOO_MUCH = any_of("太 有点 过于")
_LESS = any_of("(?<!多)少 别太 别那么 不要太 不太 不要那么 没那么 不那么 不怎么 微")
_EATER = f"(?:{any_of('我 孩子 小孩 家人 老人 宝宝 他 她')}们?)?"
_NOT_EATEN = any_of("不能 不太能 不太 不怎么 不会 不要 不 怕 别")
_WAY = "(?P<way>[多少])"


def _adjusted(direction: Literal["less", "more"]) -> Build:
    opposite: Literal["less", "more"] = "less" if direction == "more" else "more"

    def build(match: re.Match[str], _scene: Scene) -> Found:
        word = match["q"]
        turned = opposite if word in _LESS_OF_ALL else direction
        return Found(Adjusted(turned, _QUALITIES.get(word, word)), match["dish"])

    return build


def _less_of_each(match: re.Match[str], _scene: Scene) -> Found:
    words = (_QUALITIES.get(word, word) for word in re.findall("[油盐糖辣酸麻甜咸]", match["list"]))
    return Found(Adjusted("less", "、".join(dict.fromkeys(words))), match["dish"])


def _less_or_more_of(match: re.Match[str], scene: Scene) -> Found | None:
    groups = match.groupdict()
    dish, word = groups.get("dish") or "", groups.get("ing") or ""
    if groups.get("both"):
        dish, word = split_ingredient(groups["both"])
    if not word or not (groups.get("sure") or is_known(word, scene)):
        return None
    direction: Literal["less", "more"] = "less" if groups.get("way") in {"少", "减"} else "more"
    return Found(Adjusted(direction, _QUALITIES.get(word, word)), dish)


ADJUSTING_RULES = (
    rule(rf"{DISH}{_LEAD_IN}{any_of('太 别太 不要太 过于')}(?P<q>油)了?{_END}", _adjusted("less")),
    rule(rf"{DISH}{_CAN_BE_MADE}{_TASTE}味?的?{_END}", _adjusted("more")),
    rule(rf"{DISH}{_LEAD_IN}{_LESS}{_BIT}?{_TASTE}{_BIT}?的?{_END}", _adjusted("less")),
    rule(rf"{DISH}{_LEAD_IN}{_TOO_MUCH}{_TASTE}了?{_END}", _adjusted("less")),
    rule(
        rf"{DISH}{_EATER}{_LEAD_IN}{_NOT_EATEN}[吃放加要]{{0,2}}(?P<q>[辣麻甜酸咸])的?{_END}",
        _adjusted("less"),
    ),
    rule(rf"{DISH}{_LEAD_IN}[更再加多偏重][加放]?{_BIT}?{_TASTE}(?:{_BIT}|的)?{_END}", _adjusted("more")),
    rule(rf"{DISH}{_LEAD_IN}(?!甜点){_TASTE}{_BIT}的?{_END}", _adjusted("more")),
    rule(
        rf"{DISH}{_LEAD_IN}(?P<list>(?:(?<!多)少[油盐糖辣酸麻甜咸],?){{1,3}}){_BIT}?的?{_END}", _less_of_each
    ),
    rule(r"(?P<dish>)清淡的?", needs_dish(fixed(Adjusted("less", "油、盐")))),
    rule(
        rf"{DISH}{_LEAD_IN}再?{_WAY}(?P<sure>[放加来搁用]){_BIT}?(?P<ing>{INGREDIENT}){_END}",
        _less_or_more_of,
    ),
    rule(rf"{DISH}{_LEAD_IN}再?{_WAY}{_BIT}(?P<ing>{INGREDIENT}){_END}", _less_or_more_of),
    rule(rf"{DISH}{_LEAD_IN}再[加放来]{_BIT}(?P<ing>{INGREDIENT}){_END}", _less_or_more_of),
    rule(rf"(?P<both>.+?){_LEAD_IN}{_WAY}[放加来搁]?{_BIT}{_END}", _less_or_more_of),
    rule(rf"(?P<both>.+?){_LEAD_IN}{_WAY}[放加搁]{_END}", _less_or_more_of),
    rule(rf"(?P<both>.+?)(?P<way>减|增|加)[少加]?(?:{_BIT}|半|倍){_END}", _less_or_more_of),
)
