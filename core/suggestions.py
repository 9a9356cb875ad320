"""What stands around an answer: the line above a recipe card, the buttons below, and friendly refusals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import UnionType

from core.answering import (
    Advice,
    AmountOf,
    AnotherDish,
    AnswerRequest,
    ForServings,
    IngredientList,
    StepNumber,
    TimeNeeded,
    WholeRecipe,
)
from core.composer_wording import duration
from core.messages import Button
from core.ports import Hit
from core.question_rules import MAX_SERVINGS
from core.question_text import simplified
from core.recipe import DEFAULT_SERVINGS, Recipe
from core.understanding import is_courtesy

MAX_BUTTONS = 4
_MAX_NEAREST = 3
_LONGEST_QUOTE = 20
_EXAMPLES = "例如「番茄炒蛋怎么做」「红烧肉要炖多久」"
_HOW = re.compile("(?:怎么做|如何做|怎样做|的?做法|怎么弄)[呢啊？?。!！ ]{0,3}$")
_ABOUT_PARTS: tuple[tuple[type | UnionType, Button], ...] = (
    (WholeRecipe, Button("完整做法", "完整做法")),
    (AmountOf | IngredientList, Button("需要哪些食材", "需要哪些食材")),
    (Advice, Button("有什么窍门", "有什么窍门")),
    (TimeNeeded, Button("要多长时间", "需要多长时间")),
)
"""What to ask next about a part of a recipe, unless it was the question."""
_OFTEN_MISSING = (
    "料酒",
    "绍兴酒",
    "豆瓣酱",
    "蚝油",
    "老抽",
    "甜面酱",
    "味醂",
    "淡奶油",
    "低筋面粉",
    "无盐黄油",
    "黄油",
    "冰糖",
    "香醋",
    "陈醋",
    "玉米淀粉",
    "淀粉",
    "小葱",
)
"""What a kitchen is likely to lack, and we have a substitute for."""
_COMMON = frozenset(
    "怎么做法的样如何做我想吃教要求菜谱什么是在家请问一个有没能可以好了吗呢吧啊给推荐来点今天怎做 "
)
"""Characters that say nothing about a dish."""


def shows_recipe(request: AnswerRequest) -> bool:
    """Whether the answer presents its recipe whole, so that a card is worth drawing."""
    return request.recipe is not None and isinstance(
        request.understanding.aspect, WholeRecipe | ForServings | AnotherDish
    )


def lead_of(request: AnswerRequest) -> str:
    """One short line to stand above a recipe card; "" when the answer shows no whole recipe."""
    recipe = request.recipe
    if recipe is None or not shows_recipe(request):
        return ""
    match request.understanding.aspect:
        case ForServings():
            return f"「{recipe.name}」的用量已换算成 {recipe.servings} 人份，时间和火候请看着锅判断。"
        case AnotherDish():
            return f"换成「{recipe.name}」怎么样？"
    if request.only_near:
        return nearest_line(recipe)
    facts = []
    if recipe.servings is not None:
        facts.append(f"{recipe.servings} 人份")
    if recipe.minutes is not None:
        facts.append(f"约 {duration(recipe.minutes)}")
    known = f"（{'，'.join(facts)}）" if facts else ""
    return f"「{recipe.name}」这样做{known}："


def nearest_line(recipe: Recipe) -> str:
    """Said above a recipe that is merely the nearest to what was asked for."""
    return f"没有找到同名的菜谱，最接近的是「{recipe.name}」，看看是不是你要的："


def suggestions_of(request: AnswerRequest) -> tuple[Button, ...]:
    """Two to four buttons that are likely to be wanted next; none without a recipe."""
    recipe = request.recipe
    if recipe is None:
        return ()
    aspect = request.understanding.aspect
    if shows_recipe(request):
        buttons = [*_other_dishes(request, recipe), Button("换一道", "换一道"), *_about_whole(recipe)]
    elif isinstance(aspect, StepNumber) and aspect.number != 0:
        buttons = _neighbour_steps(aspect, recipe)
    else:
        buttons = [button for kind, button in _ABOUT_PARTS if not isinstance(aspect, kind)]
    return tuple(buttons[:MAX_BUTTONS])


def _about_whole(recipe: Recipe) -> list[Button]:
    people = (recipe.servings or DEFAULT_SERVINGS) * 2
    if people > min(12, MAX_SERVINGS):
        people = max(1, (recipe.servings or DEFAULT_SERVINGS) // 2)
    buttons = [Button(f"改成{people}人份", f"改成{people}人份")]
    if len(recipe.steps) > 1:
        buttons.append(Button("一步一步来", "第1步"))
    names = {i.name for i in recipe.ingredients[1:]}
    missing = next((name for name in _OFTEN_MISSING if name in names), None)
    if missing is not None:
        buttons.append(Button(f"没有{missing}怎么办", f"没有{missing}怎么办"))
    return buttons


def _neighbour_steps(aspect: StepNumber, recipe: Recipe) -> list[Button]:
    count = len(recipe.steps)
    number = count if aspect.number == -1 else min(max(aspect.number, 1), count)
    buttons = [Button("下一步", f"第{number + 1}步")] if number < count else []
    if number > 1:
        buttons.append(Button("上一步", f"第{number - 1}步"))
    return [*buttons, Button("需要哪些食材", "需要哪些食材"), Button("完整做法", "完整做法")]


def _other_dishes(request: AnswerRequest, recipe: Recipe) -> list[Button]:
    """The other hits, when the question named no dish but things to cook with: 「鸡蛋和番茄能做什么」."""
    query = simplified(request.understanding.query)
    if not isinstance(request.understanding.aspect, WholeRecipe) or not query:
        return []
    if any(simplified(name) in query for name in (recipe.name, *recipe.aliases)):
        return []
    others = [h.recipe.name for h in request.alternatives if h.recipe.recipe_id != recipe.recipe_id]
    return [_dish_button(name) for name in dict.fromkeys(others[:2])]


def refusal_text(query: str, nearest: Sequence[Hit] = (), *, exhausted: bool = False) -> str:
    """A friendly no that offers the nearest dishes.

    Args:
        query: what was asked.
        nearest: the nearest dishes of the index, best first.
        exhausted: every dish for the question has been shown already (「换一道」).
    """
    if is_courtesy(query):
        return _courtesy(query)
    names = list(dict.fromkeys(hit.recipe.name for hit in nearest))[:_MAX_NEAREST]
    offered = "".join(f"「{name}」" for name in names)
    if exhausted:
        start = "没有别的了，合适的菜谱都给你看过了。"
        return f"{start}要不要看看{offered}？" if offered else f"{start}换个说法或换个食材再问我吧。"
    if names and any(_share_words(query, name) for name in names):
        return f"没有找到{_quoted(query)}的菜谱，不想随便拿一份凑数。你是不是想问：{offered}？"
    start = f"这个我答不上来：我只懂做菜，菜谱里也没有相近的。可以问我一道菜，{_EXAMPLES}。"
    return f"{start}\n要不要看看{offered}？" if offered else start


def refusal_buttons(nearest: Sequence[Hit]) -> tuple[Button, ...]:
    """The nearest dishes as buttons."""
    names = dict.fromkeys(hit.recipe.name for hit in nearest)
    return tuple(_dish_button(name) for name in list(names)[:_MAX_NEAREST])


def _dish_button(name: str) -> Button:
    return Button(name, f"{name}怎么做")


def _courtesy(query: str) -> str:
    if query.strip().startswith(("谢", "多谢", "感谢")):
        return "不客气，做得好吃记得告诉我。还想做什么，直接说菜名就行。"
    if query.strip().startswith(("再见", "拜拜")):
        return "再见，想做菜的时候随时来问我。"
    if query.strip().startswith(("好", "嗯", "知道", "明白", "收到", "ok", "OK")):
        return "好的。做的时候哪一步不清楚，随时问我。"
    return f"你好，我是食神，专门教人做菜。告诉我想吃什么，{_EXAMPLES}。"


def _quoted(query: str) -> str:
    visible = "".join(character for character in " ".join(query.split()) if character.isprintable())
    if not visible:
        return "这样东西"
    visible = _HOW.sub("", visible) or visible
    short = visible if len(visible) <= _LONGEST_QUOTE else f"{visible[:_LONGEST_QUOTE]}…"
    return f"「{short}」"


def _share_words(query: str, name: str) -> bool:
    return bool((set(simplified(query[:200])) - _COMMON) & set(simplified(name)))
