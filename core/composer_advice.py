"""What the composer says about tips, allergens, difficulty, servings, and what a recipe leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.allergens import ALLERGENS, allergens_of
from core.answering import Advice
from core.composer_wording import advice, difficulty, duration, listed, step_lines
from core.ingredient_words import ingredients_called, split_ingredient
from core.recipe import Recipe

LABEL_CAUTION = "这是按食材名推断的，买来的酱料和半成品请再看一眼包装上的标签。"
_SEVERE = "过敏严重的话，请不要只凭我的话做决定。"

_SEARCHED = tuple(
    (re.compile(asked), re.compile(said))
    for asked, said in (
        ("多少度|几度|温度|油温|炉温|水温", "[0-9] ?[°℃度]|油温|成热"),
        ("什么火|多大火|火候|火力|大火|中火|小火", "大火|中火|小火|旺火|文火"),
        ("[么种个啥]锅", "炒锅|砂锅|平底锅|蒸锅|汤锅|高压锅|不粘锅|铁锅|煎锅|奶锅|砂煲|电饭"),
        (
            "保存|冰箱|冷藏|冷冻|冻起来|隔夜|过夜|放多久|放几天|坏|吃不完|做多|煮多",
            "可存|保存|密封|隔夜|可放|冷[藏冻].{0,6}[天月]|做多|吃不完",
        ),
        ("糊|焦|火大|火小", "糊|煳|焦|粘锅|[大中小微旺文]火"),
        ("切", "切"),
        ("提前", "提前|隔夜|前一天"),
        ("配什么|搭配|蘸|就着", "搭配|配[米饭着上]|蘸|佐"),
    )
)
"""What to look for in a recipe when the question has one of these words."""

_NO_CONTENT = re.compile(
    r"为什么|为啥|什么|怎么样?|怎样|如何|可以|可不可以|能不能|这道菜|这个菜|这个|需要|是不是|有没有|多少|请问|一下|[的了吗呢吧么是要能会用有在和还就都也它那我你]"
)
_ALLERGIC_TO = re.compile(
    "^(?:我|对|他|她|孩子|宝宝|家人|有人)+|.*(?:会|有|容易|什么|哪|引起|导致|的人?)$|[，。,.？?！! ]"
)
"""Not a thing to be allergic to."""
_LONGEST_LOOK = 60
_MOST_STEPS = 3
_ENOUGH = 2
"""A pair of characters of the question, or two single ones, make a part of the recipe worth quoting."""
_WONDERS = re.compile("咋|怎|吗|不|了|行|成|没|太|为")
"""Asked whether or why, tips may help; asked for a number or a tool, they do not."""
_KITCHEN = frozenset(
    "酒面皮馅水汤料汁火盖布泡煮炖蒸炒炸烤切洗冰冻碎破烂软硬色油糖盐醋酱粉米豆肉鱼鸡鸭虾蛋熬熟擀包揉"
)


def allergen_line(recipe: Recipe) -> str:
    """The allergens, told from the recipe and from the names of its ingredients."""
    found = _allergens(recipe)
    return f"过敏原提示：{f'含{listed(found)}' if found else '没有看到常见的过敏原'}。{LABEL_CAUTION}"


def _allergens(recipe: Recipe) -> tuple[str, ...]:
    named = {*recipe.allergens, *allergens_of(i.name for i in recipe.ingredients)}
    known = [group for group in ALLERGENS if group in named]
    return (*known, *sorted(named.difference(ALLERGENS)))


def advice_lines(aspect: Advice, recipe: Recipe, question: str) -> list[str]:
    """What the recipe says about a topic, or that it says nothing."""
    return _TOPICS[aspect.topic](recipe, question)


def _tips(recipe: Recipe, _question: str) -> list[str]:
    if not recipe.tips:
        return ["菜谱没有写窍门。"]
    return [f"「{recipe.name}」的小贴士：", *(f"· {tip}" for tip in recipe.tips)]


def _allergen_lines(recipe: Recipe, question: str) -> list[str]:
    before, _, _ = question[:_LONGEST_LOOK].partition("过敏")
    groups = allergens_of([before])
    if groups:
        lines = [_about_group(group, recipe) for group in groups]
    elif word := _ALLERGIC_TO.sub("", split_ingredient(before)[1]):
        lines = [_about_word(word, recipe)]
    else:
        return [allergen_line(recipe), _SEVERE]
    return [*lines, f"{LABEL_CAUTION}{_SEVERE}"]


def _about_group(group: str, recipe: Recipe) -> str:
    carriers = [i.name for i in recipe.ingredients if group in allergens_of([i.name])]
    if carriers:
        contains = "" if carriers == [group] else f"含{group}，"
        return f"食材里有{listed(carriers)}，{contains}对{group}过敏的人不要吃，或者去掉、换掉之后再做。"
    if group in recipe.allergens:
        return f"菜谱标明含{group}，对{group}过敏的人不要吃。"
    steps = [f"第{n}步" for n, step in enumerate(recipe.steps, 1) if group in allergens_of([step])]
    if steps:
        return f"食材名里没有看到{group}，但{listed(steps)}里像是提到了，请先看清楚再决定。"
    return f"食材名里没有看到{group}。"


def _about_word(word: str, recipe: Recipe) -> str:
    """What is no common allergen: 「芒果过敏」."""
    found = ingredients_called(word, recipe)
    if found:
        return f"食材里有{listed(i.name for i in found)}，对{word}过敏的人不要吃，或者去掉、换掉之后再做。"
    return f"食材名里没有看到{word}。"


def _difficulty(recipe: Recipe, _question: str) -> list[str]:
    lines = ["菜谱没有写难度。"] if recipe.difficulty is None else [f"难度{difficulty(recipe.difficulty)}。"]
    time = f"，约 {duration(recipe.minutes)}" if recipe.minutes is not None else ""
    lines.append(f"一共 {len(recipe.steps)} 步{time}。")
    if recipe.tips:
        lines += ["不想失手的话，留意这些：", *(f"· {tip}" for tip in recipe.tips)]
    return lines


def _source(recipe: Recipe, _question: str) -> list[str]:
    if not recipe.source:
        return ["这份菜谱没有写明来源。"]
    return [f"这份菜谱来自：{recipe.source}。"]


def _servings(recipe: Recipe, _question: str) -> list[str]:
    if recipe.servings is None:
        return [
            "菜谱没有写够几个人吃。",
            advice("看看食材的分量：一个人一顿饭，肉和菜合起来大约 250 到 350 克。"),
        ]
    return [f"菜谱写的是 {recipe.servings} 人份。人数不一样就告诉我，例如「改成{recipe.servings * 2}人份」。"]


def _other(recipe: Recipe, question: str) -> list[str]:
    weights = _said_of(question, recipe)
    steps = _best([(_weight(step, weights), n) for n, step in enumerate(recipe.steps, 1)])
    tips = [tip for tip in recipe.tips if _weight(tip, weights) >= _ENOUGH]
    if not steps and not tips:
        lines = ["这一点菜谱没有提到，我不想乱说。"]
        if recipe.tips and _WONDERS.search(question[:_LONGEST_LOOK]):
            return [*lines, "菜谱的小贴士也许用得上：", *(f"· {tip}" for tip in recipe.tips)]
        return lines
    lines = ["菜谱没有专门说这一点，相关的地方是："]
    return [*lines, *step_lines(recipe, sorted(steps)), *(f"· {tip}" for tip in tips)]


def _said_of(question: str, recipe: Recipe) -> dict[re.Pattern[str], int]:
    """What to look for in the recipe, and how much each find counts.

    Words of the topic, else the pairs of characters of the question and, for less, its kitchen characters.
    """
    for asked, said in _SEARCHED:
        if asked.search(question) and any(said.search(part) for part in (*recipe.steps, *recipe.tips)):
            return {said: _ENOUGH}
    text = question[:_LONGEST_LOOK]
    for name in (recipe.name, *recipe.aliases):
        text = text.replace(name, " ")
    pieces = re.findall("[\u4e00-\u9fff]+", _NO_CONTENT.sub(" ", text))
    pairs = dict.fromkeys(piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1))
    single = dict.fromkeys(c for piece in pieces for c in piece if c in _KITCHEN)
    return {re.compile(words): 2 for words in pairs} | {re.compile(c): 1 for c in single}


def _weight(part: str, weights: dict[re.Pattern[str], int]) -> int:
    return sum(weight for pattern, weight in weights.items() if pattern.search(part))


def _best(weighed: list[tuple[int, int]]) -> list[int]:
    """The steps that say most of it: [(weight, number)] to numbers."""
    enough = [(weight, number) for weight, number in weighed if weight >= _ENOUGH]
    return [number for _, number in sorted(enough, key=lambda each: (-each[0], each[1]))[:_MOST_STEPS]]


_TOPICS: dict[str, Callable[[Recipe, str], list[str]]] = {
    "tips": _tips,
    "allergens": _allergen_lines,
    "difficulty": _difficulty,
    "source": _source,
    "servings": _servings,
    "other": _other,
}
