"""Rules about what a recipe says beside amounts, times and steps: tips, allergens, source and the like."""

from __future__ import annotations

import re
from typing import Literal

from core.answering import Advice
from core.ingredient_words import split_ingredient
from core.question_rules.pieces import (
    CAN,
    DISH,
    FILL,
    NUMBER,
    SAY,
    WHAT,
    Build,
    Found,
    Rule,
    Scene,
    any_of,
    fixed,
    needs_dish,
    rule,
)

Topic = Literal["tips", "allergens", "difficulty", "source", "servings", "other"]

_HAVE = f"{any_of('有没有 有什么 有啥 有哪些 有 说说 给点 什么是')}?(?:小|一些|点|什么)?"
_TRICKS = any_of("窍门 技巧 诀窍 秘诀 小贴士 贴士 要点 注意事项 秘方 心得")
_HARD = any_of(
    """难不难 会不会[很太]?难 难度.{0,6} 好不好做 [会很]{0,2}难[做学]?吗 好[做学]吗 容易[做学]?吗 简单吗
    复杂吗 新手.{0,5}吗"""
)
_RECIPE = any_of("菜谱 配方 做法 方子")
_FROM = any_of("哪来 哪里来 哪儿来 来自哪里? 出自哪里? 谁写 谁做")
_EATERS = any_of(
    "孕妇 宝宝 小孩子? 孩子 老人 婴儿 产妇 糖尿病人? 痛风病?人? 高血压病?人? 素食者 减肥期?间? 减脂期?间?"
)
_MAY_EAT = f"{any_of('可不可以 能不能 可以 能 适合 适不适合')}[吃喝]"
_NUTRITION = any_of("热量 卡路里 多少大?卡 营养价值 营养 蛋白质 脂肪含量 脂肪 碳水 升糖指数")
_TOOLS = any_of("锅 火候? 火力 工具 厨具 模具 电器 刀")
_KEEP = any_of("放冰箱 保存 冷藏保存 冷冻保存 储存 隔夜 过夜 提前做 提前准备")
_KEEP_HOW_LONG = any_of("到第二天 多久不坏 几天 多久 多长时间 吃")
_WARMTH = any_of("烤箱 油 水 锅 烘烤")
_DEGREES = any_of("温度 油温 水温 炉温")
_SERVED_WITH = any_of("吃 菜 汤 主食 酒 喝 好")
_POTS = any_of(
    """高压锅 压力锅 电饭[锅煲] 砂锅 炒锅 平底锅 不粘锅 铁锅 汤锅 蒸锅 烤箱 微波炉 空气炸锅
    电磁炉 煤气灶"""
)
_FLAME = any_of("大火 中火 小火")

_TOPICS: tuple[tuple[Topic, str], ...] = (
    ("tips", rf"{DISH}{FILL}{_HAVE}{_TRICKS}{SAY}"),
    (
        "tips",
        rf"{DISH}{FILL}[有什么啥]{{0,3}}[需要该应]{{0,2}}注意[些点]?{WHAT}?的?(?:地方|问题)?",
    ),
    ("difficulty", rf"{DISH}{FILL}{_HARD}"),
    ("source", rf"{DISH}{FILL}{_RECIPE}?[是从]{{0,2}}{_FROM}的?{_RECIPE}?"),
    ("source", rf"{DISH}{FILL}{_RECIPE}?的?(?:来源|出处){SAY}"),
    ("source", rf"{DISH}{FILL}谁的{_RECIPE}"),
    (
        "servings",
        rf"{DISH}{FILL}[能可以够是]{{0,3}}(?:我们)?(?:几|多少)(?:个?人|口人)(?:份|的?份?量)?[够吃的]{{0,2}}",
    ),
    ("servings", rf"{DISH}{FILL}够(?:我们)?{NUMBER}(?:个?人|口人)吃?的?(?:不够)?"),
    ("other", rf"{DISH}{FILL}{_EATERS}[也都]?{_MAY_EAT}"),
    ("other", rf"{_EATERS}{_MAY_EAT}(?P<dish>.+?)(?=[吗么])"),
    ("other", rf"{DISH}{FILL}[有含]?{_NUTRITION}[多少高低大吗么是有怎样呢的不]{{0,6}}"),
    (
        "other",
        rf"{DISH}{FILL}[用开选应]{{0,2}}{any_of('什么 多大的? 哪种 啥')}{_TOOLS}(?:好|合适|做|炖|煮|炒)?",
    ),
    ("other", rf"{DISH}{FILL}[用开]?{_FLAME}还是{_FLAME}"),
    ("other", rf"(?P<dish>){FILL}(?:火候|火力).{{0,6}}"),
    (
        "other",
        rf"{DISH}{_WARMTH}?[要需得该用是]{{0,4}}{_DEGREES}?[要需得该用是到]{{0,3}}(?:多少度|几度|多高)",
    ),
    ("other", rf"(?P<dish>){_DEGREES}.{{0,6}}"),
    (
        "other",
        rf"{DISH}{FILL}{any_of('能 可以 可不可以 能不能 怎么 如何')}?{_KEEP}{_KEEP_HOW_LONG}?(?:会坏|坏掉)?",
    ),
    ("other", rf"{DISH}{FILL}{any_of('能 可以')}?放{any_of('几天 多久不坏 多久 多长时间 到第二天')}"),
    ("other", rf"{DISH}{FILL}[可以能]{{0,2}}{any_of('搭?配 就着 蘸')}(?:什么|啥){_SERVED_WITH}?好?"),
)


def _advice(topic: Topic) -> Build:
    return lambda match, _: Found(Advice(topic), match["dish"])


def _allergens(match: re.Match[str], _scene: Scene) -> Found:
    """「花生过敏能吃吗」: what stands before may be a dish, an allergen, or both."""
    before = re.split("[,，]|我|对|会不会|有没有|有什么|含", match["before"])[0]
    return Found(Advice("allergens"), split_ingredient(before)[0])


ADVICE_RULES: tuple[Rule, ...] = (
    rule(
        rf"{DISH}怎[么样][做炒煮炖烧弄蒸]?[才会能更最得比较]{{0,4}}(?:好吃|入味)",
        fixed(Advice("tips"), whole_if_new=True),
    ),
    rule(r"(?P<before>.*?)过敏[原源的人者能可以吃吗会不有哪些什么怎办是呢也了,，]{0,12}", _allergens),
    *(rule(pattern, _advice(topic)) for topic, pattern in _TOPICS),
    *(
        rule(pattern, needs_dish(fixed(Advice("other"))))
        for pattern in (
            r"(?:为什么|为啥|为何)(?P<dish>).{2,}",
            rf"{CAN}用{_POTS}[做煮炖烤蒸炸]?{any_of('可以 行不行 行')}?",
            rf".{{0,6}}切[成得]?{any_of('多大 多厚 多长 多粗 多细 什么形状 怎么切')}",
        )
    ),
)

LAST_RULES = (rule(rf"{any_of('要不要 需不需要 用不用')}.{{2,8}}", needs_dish(fixed(Advice("other")))),)
"""Asked of the dish at hand when nothing narrower fits: 「要不要焯水」."""
