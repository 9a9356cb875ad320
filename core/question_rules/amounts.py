"""Rules about time (「炖多久」), the list of ingredients, and amounts (「要多少盐」)."""

from __future__ import annotations

import re

from core.answering import AmountOf, IngredientList, TimeNeeded
from core.ingredient_words import VOCABULARY, split_ingredient
from core.question_rules.pieces import (
    DISH,
    FILL,
    INGREDIENT,
    SAY,
    WHAT,
    Found,
    Scene,
    any_of,
    fixed,
    is_known,
    rule,
)

_ACTION = any_of(
    """炖 焖煮 煮 蒸 翻炒 炒糖色 炒 煎 复炸 炸 烘烤 烤 焖 烧 腌制 腌渍 腌 浸泡 泡发 泡 焯水 焯 煨 卤 熬 煲
    醒发 醒面 醒 饧 发酵 发面 发 揉面 揉 冷藏 冷冻 静置 收汁 收 预热 晾 熏 搅拌 拌
    打发 打 汆 烫 煸
    过油 解冻 压 放凉 等 做 弄 烹饪 制作 准备"""
)
_NO_ACTION = frozenset({"", "做", "弄", "等", "烹饪", "制作", "准备"})
_HOW_LONG = any_of(
    "多久 多长时间 多少时间 几分钟 多少分钟 几个?小时 多少个?小时 几个?钟头 几秒钟? 多少秒 几天 多少天 多长"
)
_DURATION = any_of("时间 用时 耗时 总时间 时长")
_DONE = any_of("好 熟 透 烂 软 出锅 完成 入味 上桌 搞定 合适 最好")


def _time(match: re.Match[str], _scene: Scene) -> Found:
    groups = match.groupdict()
    action = groups.get("action") or groups.get("later") or ""
    return Found(TimeNeeded("" if action in _NO_ACTION else action), match["dish"])


TIME_RULES = (
    rule(
        rf"{DISH}{FILL}(?P<action>{_ACTION})?[上了着到好一下个]{{0,2}}{FILL}[等花用]?{_HOW_LONG}(?:时间)?"
        rf"[能才可以会就够]{{0,4}}(?P<later>{_ACTION})?{_DONE}?了?",
        _time,
    ),
    rule(
        rf"{DISH}{FILL}(?P<action>{_ACTION})?的?{_DURATION}[是要需得多少久长呢什么怎样]{{0,6}}",
        _time,
    ),
)

_MEASURE = any_of(
    """克 千克 公斤 毫升 升 斤 两 大勺 小勺 汤勺 汤匙 茶匙 勺子 勺 匙 个 只 根 片 瓣 颗 块 碗 杯 滴 把 粒 条
    袋 包 段 朵 张 g kg ml"""
)
_NOUN = any_of("食材 材料 原料 用料 配料 调料 佐料 主料 辅料 调味料")
_ALL_OF_THEM = "[都有哪些是什么呢要需列再说报念讲一次遍看来发给我几种样,，]{2,10}"
_GET = "(?:准备|买|备)"

SUPPLY_RULES = tuple(
    rule(pattern, fixed(IngredientList()))
    for pattern in (
        rf"{DISH}{FILL}[要需用得准备买放加有切提前先]{{0,6}}[些点]?{WHAT}(?:样的)?(?:{_NOUN}|东西|料)",
        rf"{DISH}{FILL}[要需]{{0,2}}(?:提前|先|去)?{_GET}(?:些|点|好)?{WHAT}[菜料]?",
        rf"(?P<dish>)[都还要需用得]{{1,4}}[些点]?{WHAT}",
        rf"{DISH}{FILL}{any_of('食材 购物 采购 材料 配料 用料')}(?:清单|表|单){SAY}",
        rf"{DISH}的{_NOUN}{SAY}",
        rf"{DISH}{any_of('所有 全部 主要')}?{_NOUN}{_ALL_OF_THEM}",
        rf"(?P<dish>)(?:所有|全部)?{_NOUN}",
        rf"(?P<dish>)[要该应放加用]{{1,2}}多少{_MEASURE}?",
    )
)

_PUT = "[要需得该应当用放加搁倒撒下切买准备打磕来配是会又先]{0,6}"
_ENOUGH = "[才比较最]{0,2}(?:合适|好|够|行|合理)?"
_ASKS_WHETHER = any_of("要不要 需不需要 用不用 有没有 含不含")
_NO_INGREDIENT = re.compile(
    f".*{any_of('钱.* 岁 年 次 步 道菜 种 样 人 时间 分钟 小时 天 度 卡 热量 东西 菜 点')}"
)
_LONGEST_UNKNOWN = 4


def _amount(match: re.Match[str], scene: Scene) -> Found | None:
    word = match["ing"].strip("的")
    if not word or re.fullmatch(_MEASURE, word) or _NO_INGREDIENT.fullmatch(word):
        return None
    # With nothing to go by, only a short word is taken for an ingredient.
    about_something = scene.dish is not None or bool(match["dish"]) or is_known(word, scene)
    return Found(AmountOf(word), match["dish"]) if about_something or len(word) <= _LONGEST_UNKNOWN else None


def _amount_after(match: re.Match[str], scene: Scene) -> Found | None:
    dish, word = split_ingredient(re.sub("[要需得该应的]+$", "", match["both"]))
    word = re.sub("^(?:那|这个?|里面?)", "", word)
    if not word or _NO_INGREDIENT.fullmatch(word) or (scene.dish is None and word not in VOCABULARY):
        return None
    return Found(AmountOf(word), dish)


def _is_in_it(match: re.Match[str], scene: Scene) -> Found | None:
    word = match["ing"]
    return Found(AmountOf(word), match["dish"]) if is_known(word, scene) else None


AMOUNT_RULES = (
    rule(rf"{DISH}{FILL}{_PUT}(?:多少|几)(?:{_MEASURE})?的?(?P<ing>{INGREDIENT}){_ENOUGH}", _amount),
    rule(
        rf"(?P<both>.+?){any_of('的用量 的分量 的份量 的量 用量')}[是要放]?{any_of('多少 怎么放')}?",
        _amount_after,
    ),
    rule(rf"(?P<both>.+?){FILL}{_PUT}(?:多少{_MEASURE}?|几{_MEASURE}){_ENOUGH}", _amount_after),
    rule(
        rf"{DISH}{FILL}(?<![没不]){any_of('需要 要 用 里面有 有 含有 含')}[放加用]?(?P<ing>{INGREDIENT})",
        _is_in_it,
        ask="[吗么]",
    ),
    rule(rf"{DISH}{FILL}{_ASKS_WHETHER}[放加用]?(?P<ing>{INGREDIENT})", _is_in_it),
)
