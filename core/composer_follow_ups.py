"""What the composer says about amounts, times and other tastes."""

from __future__ import annotations

import re
from fractions import Fraction

from core.answering import Adjusted, AmountOf, TimeNeeded
from core.composer_wording import advice, duration, ingredient_line, step_lines
from core.ingredient_words import TASTES, ingredients_called, split_list, steps_about
from core.recipe import Ingredient, Recipe

_SPOKEN_NUMBER = "[一二两三四五六七八九十半几]{1,3}"
_TIME = re.compile(
    rf"(?:[0-9]{{1,4}}(?:[.][0-9])?|{_SPOKEN_NUMBER})(?:[-~～至到—](?:[0-9]{{1,4}}|{_SPOKEN_NUMBER}))?"
    " ?个?(?:多|半)?(?:小时|钟头|分钟|秒|天|晚|夜|刻钟)|隔夜|过夜|整夜"
)
_CLAUSE = re.compile("[^，。；！？]+")
_RELATED_ACTIONS = (
    ("炖", "焖", "煨", "煲", "熬", "烧", "煮"),
    ("醒", "饧", "松弛", "静置"),
    ("发酵", "发", "醒发"),
    ("腌", "码味", "入味", "静置"),
    ("烤", "烘"),
    ("泡", "浸"),
    ("焯", "汆", "烫", "冷水下锅"),
    ("炒", "煸"),
    ("冷藏", "冷冻", "冰箱"),
)
"""Words for nearly the same: a recipe may say another one than the cook who asks."""
_ACTION_STEMS = ("腌", "焯", "泡", "醒", "烤", "揉", "打")
_FACTORS = {"less": Fraction(1, 2), "more": Fraction(3, 2)}
_ADDITIONS = {
    "辣": "可以加一两个小米椒或一小勺辣椒油，先少放，尝过再添",
    "麻": "可以加一小把花椒，或者出锅前淋几滴花椒油",
    "盐": "出锅前尝一下，一小撮一小撮地加盐",
    "糖": "可以加半勺白糖，化开尝过再添",
    "酸": "出锅前沿锅边淋半勺香醋，或挤几滴柠檬汁",
    "油": "出锅前淋一小勺熟油或香油",
}


def amount_lines(aspect: AmountOf, recipe: Recipe) -> list[str]:
    """The exact lines, and the steps in which it goes into the pot."""
    people = f"（{recipe.servings} 人份）" if recipe.servings is not None else ""
    lines: list[str] = []
    for word in split_list(aspect.ingredient) or [aspect.ingredient]:
        found = ingredients_called(word, recipe)
        if found:
            lines += [f"{word}的用量{people}：", *map(ingredient_line, found)]
        else:
            lines.append(f"菜谱的食材里没有用到{word}。")
        steps = steps_about([word, *(i.name for i in found)], recipe)
        if steps:
            lines += [f"步骤里提到{word}的地方：", *step_lines(recipe, steps)]
    return lines


def time_lines(aspect: TimeNeeded, recipe: Recipe) -> list[str]:
    """The total, and what the steps say of times; for one action, the steps that speak of it."""
    if recipe.minutes is not None:
        total = f"从开始到上桌约 {duration(recipe.minutes)}。"
    else:
        total = "菜谱没有写总共要多久。"
    if not aspect.action:
        return [total, *_times_of_steps(recipe)]
    spoken, word = _steps_of_action(aspect.action, recipe)
    if not spoken:
        return [f"菜谱里没有写「{aspect.action}」这一步。{total}"]
    timed = [number for number in spoken if _TIME.search(recipe.steps[number - 1])]
    if not timed:
        return [f"菜谱提到了「{word}」，但没有写要多久：", *step_lines(recipe, spoken), total]
    other = "" if word in aspect.action else f"，菜谱写的是「{word}」"
    return [f"「{aspect.action}」的时间看这里{other}：", *step_lines(recipe, timed), total]


def _times_of_steps(recipe: Recipe) -> list[str]:
    """The clauses of the steps that name a time."""
    lines = []
    for number, step in enumerate(recipe.steps, 1):
        clauses = [clause for clause in _CLAUSE.findall(step) if _TIME.search(clause)]
        if clauses:
            lines.append(f"第{number}步：{'；'.join(clauses)}")
    return ["其中：", *lines] if lines else []


def _steps_of_action(action: str, recipe: Recipe) -> tuple[list[int], str]:
    """The steps that speak of `action`, or of its nearest kin, and the word that they use."""
    stem = next((stem for stem in _ACTION_STEMS if action.startswith(stem)), action)
    kin = next((group for group in _RELATED_ACTIONS if stem in group), ())
    for word in (action, stem, *kin):
        steps = [number for number, step in enumerate(recipe.steps, 1) if word in step]
        if steps:
            return steps, word
    return [], action


def adjusted_lines(aspect: Adjusted, recipe: Recipe) -> list[str]:
    """The amounts of everything that makes the quality, halved or half as much again."""
    qualities = aspect.quality.split("、")
    tips = [tip for tip in recipe.tips if any(quality in tip for quality in qualities)]
    lines = ["小贴士里提到：", *(f"· {tip}" for tip in tips)] if tips else ["菜谱没有写怎么调整口味。"]
    for quality in qualities:
        lines += _adjusted_one(quality, recipe, less=aspect.direction == "less")
    return lines


def _adjusted_one(quality: str, recipe: Recipe, *, less: bool) -> list[str]:
    taste = TASTES.get(quality)
    if taste is None:
        found = ingredients_called(quality, recipe)
    else:
        found = tuple(i for i in recipe.ingredients if taste.is_in(i.name))
    if not found:
        return _nothing_of(quality, less=less)
    change = f"想少一点{quality}，可以把这些先减半" if less else f"想多一点{quality}，可以把这些先加半倍"
    lines = [advice(f"{change}，尝过再调："), *(_adjusted_line(i, less=less) for i in found)]
    if quality == "辣" and less:
        lines.append("完全不吃辣的话，这几样可以不放，菜的风味会淡一些。")
    return lines


def _nothing_of(quality: str, *, less: bool) -> list[str]:
    what = f"带{quality}味的食材" if quality in {"辣", "麻", "酸"} else quality
    if less:
        return [f"菜谱里没有用到{what}，照原样做就可以。"]
    addition = _ADDITIONS.get(quality, f"想放的话，{quality}先少放一点，尝过再添")
    return [f"菜谱里没有用到{what}。", advice(f"{addition}。")]


def _adjusted_line(ingredient: Ingredient, *, less: bool) -> str:
    if ingredient.quantity.minimum is None:
        change = "少放一些" if less else "多放一些"
        return f"· {ingredient.name}  {ingredient.amount or '用量没有写'}，{change}"
    changed = ingredient.scaled(_FACTORS["less" if less else "more"]).amount
    return f"· {ingredient.name}  {ingredient.amount} → {changed}"
