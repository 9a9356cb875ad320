"""Rules about steps (「第三步再说一遍」), another dish (「换一道」) and the whole recipe (「怎么做」)."""

from __future__ import annotations

import re

from core.answering import AnotherDish, StepNumber, WholeRecipe
from core.question_rules.pieces import (
    DISH,
    FILL,
    NUMBER,
    SAY,
    Build,
    Found,
    Scene,
    any_of,
    fixed,
    needs_dish,
    number_in,
    rule,
)


def _numbered_step(match: re.Match[str], _scene: Scene) -> Found | None:
    number = number_in(match["n"])
    return Found(StepNumber(number), match["dish"]) if number else None


def _neighbour_step(distance: int) -> Build:
    """The step before or after the one shown last; the first when none was."""

    def build(_match: re.Match[str], scene: Scene) -> Found:
        return Found(StepNumber(max(1, scene.last_step + distance) if scene.last_step else 1))

    return build


def _same_step(_match: re.Match[str], scene: Scene) -> Found:
    return Found(StepNumber(scene.last_step))


def _step_after(match: re.Match[str], _scene: Scene) -> Found:
    return Found(StepNumber(number_in(match["n"]) + 1), match["dish"])


_GO_ON = any_of("然后 接下来 接着 之后 继续 往下说 往下讲 这步做完了 做完了 做好了")
_ONCE_MORE = any_of("再 重新 重复")
_ALL_STEPS = any_of("全部 所有 完整 详细 每个 操作 制作 烹饪")

STEP_RULES = (
    rule(rf"{DISH}{FILL}第(?P<n>{NUMBER})个?步(?:骤)?{SAY}", _numbered_step),
    rule(rf"{DISH}{FILL}第(?P<n>{NUMBER})个?步(?:之后|以后|后面|做?完了?|做好了){SAY}", _step_after),
    rule(rf"{DISH}{FILL}(?:最后|末)[的那]?一?个?步(?:骤)?{SAY}", fixed(StepNumber(-1))),
    rule(rf"[那再]?[下后]一?个?步(?:骤)?{SAY}", _neighbour_step(1)),
    rule(rf"[那再]?[上前]一?个?步(?:骤)?{SAY}", _neighbour_step(-1)),
    rule(rf"[好行嗯,]{{0,3}}{_GO_ON}[怎么样做该要是什呢说讲干啥弄咋]{{0,8}}", needs_dish(_neighbour_step(1))),
    rule(rf"{_ONCE_MORE}[说讲念读来复述]{{0,3}}一?[遍次下]?", needs_dish(_same_step)),
    rule(rf"从头(?:开始)?{SAY}", needs_dish(fixed(StepNumber(0)))),
    rule(r"没听清楚?|没看懂|刚才那一?步.{0,6}", needs_dish(_same_step)),
    rule(rf"{DISH}{FILL}{_ALL_STEPS}?的?步骤{SAY}", fixed(StepNumber(0), whole_if_new=True)),
    rule(rf"{DISH}{FILL}[有分]?(?:几|多少)个?步(?:骤)?", fixed(StepNumber(0))),
)

_OTHER = any_of("别的 其他的? 其它的? 另外的? 不同的 不一样的")
_LOOK = any_of("还有没有 有没有 还有 有 再来 来 再?推荐 看看 换")
_RECIPE = any_of("菜谱 菜 做法 方法 配方 版本 推荐 选择 吃法")
_PIECE = "[一个道种款份样]{1,2}"

ANOTHER_DISH_RULES = tuple(
    rule(pattern, fixed(AnotherDish()))
    for pattern in (
        rf"{DISH}(?:再|重新)?换(?:{_PIECE}|点?{_OTHER}){_RECIPE}?(?:吧|试试|看看)?(?:可以|行)?",
        rf"{DISH}{_LOOK}?(?:一?[个道种款点些])?{_OTHER}一?[个道种款]?{_RECIPE}[可以能选做]{{0,4}}",
        rf"{any_of('还有没有 有没有 还有 有 来点 再?推荐')}{_OTHER}",
        rf"[再另]{any_of('来 推荐 换 给我 找 看')}{_PIECE}{_RECIPE}?",
        rf"[下另]一[个道种款]{_RECIPE}?",
        rf"我?不{any_of('想吃 喜欢 想要 要 想做')}{any_of('这个菜 这道菜 这个 这道 它')}",
    )
)

_THIS = any_of("它 这个 这道菜 这道 这个菜 这菜 那道菜 那个菜")
_HOW = any_of(
    """怎么做 怎么弄 如何做 咋做 做法 怎么烧 怎么煮 怎么炒 菜谱 食谱 全部做法
    完整的?(?:做法|菜谱) 整个(?:做法|菜谱)"""
)

WHOLE_RULES = (
    rule(
        rf"(?P<dish>){_THIS}?的?[是该要]?{_HOW}{any_of('是什么 再说一遍 再发一遍 的')}?",
        needs_dish(fixed(WholeRecipe())),
    ),
    rule(rf"{any_of('就 还是 改')}[做吃学](?:一?[个道])?(?P<dish>.{{2,}})", fixed(WholeRecipe())),
)
