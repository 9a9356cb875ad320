"""Answers without a model: a recipe, or the part of it that was asked for, put into plain sentences.

Everything said comes from the recipe and names it; what is ours is marked 「我的建议」. The same request
always gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from typing import Any

from core.answering import (
    Adjusted,
    Advice,
    AmountOf,
    AnotherDish,
    AnswerRequest,
    ForServings,
    IngredientList,
    StepNumber,
    TimeNeeded,
    Without,
)
from core.composer_advice import advice_lines, allergen_line
from core.composer_follow_ups import adjusted_lines, amount_lines, time_lines
from core.composer_without import without_lines
from core.composer_wording import ingredient_line, source_line, step_lines, summary
from core.messages import TextDelta
from core.question_rules import MAX_SERVINGS
from core.recipe import DEFAULT_SERVINGS, Recipe
from core.suggestions import (
    lead_of,
    nearest_line,
    refusal_buttons,
    refusal_text,
    shows_recipe,
    suggestions_of,
)
from core.web_answers import web_query, web_text

__all__ = ["Composer", "lead_of", "refusal_buttons", "refusal_text", "shows_recipe", "suggestions_of"]

WITHOUT_INDEX = (
    "菜谱库现在是关着的，也没有接上语言模型，所以我什么菜都不知道，不想凭空编一份给你。\n"
    "· 打开菜谱库：发送 /rag on，再问一次就好。\n"
    "· 接上语言模型：请运行机器人的人在 .env 里设置 LLM_BACKEND=openai、LLM_BASE_URL（模型服务的地址）和 "
    "LLM_MODEL（模型名），然后重新启动。"
)
"""Said when the user switched the index off and there is no model to ask."""

_LONGEST_EXAMPLE = 12
_AMOUNT_IN_STEP = re.compile(
    r"[0-9半一二两三四五六七八九十](?:克|毫升|勺|汤匙|茶匙|个|片|根|瓣|杯|碗|颗|g|ml)"
)


class Composer:
    """Implements `core.answering.Answerer` without a language model."""

    async def stream(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        """Yield the answer line by line; see `Answerer.stream`. Never fails."""
        lines = self.compose(request).split("\n")
        for number, line in enumerate(lines, 1):
            yield TextDelta(line if number == len(lines) else f"{line}\n")

    def compose(self, request: AnswerRequest) -> str:
        """The whole answer at once."""
        if request.recipe is None:
            return _without_recipe(request)
        return "\n".join(_lines_of(request, request.recipe))


def _without_recipe(request: AnswerRequest) -> str:
    if request.pages:
        return web_text(web_query(request.understanding.query), request.pages)
    if not request.turn.preferences.rag:
        return WITHOUT_INDEX
    if isinstance(request.understanding.aspect, AnotherDish):
        return "还没有说到哪道菜呢。先告诉我想吃什么，例如「红烧肉怎么做」，之后再说「换一道」。"
    question = request.turn.question.strip(" ？?。！!呢")
    example = question if 0 < len(question) <= _LONGEST_EXAMPLE and question.isprintable() else "要放多少盐"
    return f"你问的是哪道菜？带上菜名再问一次就好，例如「红烧肉{example}」。"


def _lines_of(request: AnswerRequest, recipe: Recipe) -> list[str]:
    aspect = request.understanding.aspect
    part = _PARTS.get(type(aspect))
    if part is not None:
        return [*part(aspect, recipe), "", source_line(recipe)]
    if isinstance(aspect, Without):
        return [*without_lines(aspect, recipe, request.turn.question), "", source_line(recipe)]
    if isinstance(aspect, Advice):
        return [*advice_lines(aspect, recipe, request.turn.question), "", source_line(recipe)]
    if isinstance(aspect, ForServings):
        return [*_scaling_lines(request, recipe), "", *recipe_lines(recipe)]
    if request.only_near:
        return [nearest_line(recipe), "", *recipe_lines(recipe)]
    return recipe_lines(recipe)


def recipe_lines(recipe: Recipe) -> list[str]:
    """The whole recipe: name, summary, ingredients, steps, tips, allergens, source."""
    lines = [recipe.name]
    if recipe.aliases:
        lines[0] += f"（也叫{'、'.join(recipe.aliases[:3])}）"
    if line := summary(recipe):
        lines.append(line)
    lines += ["", "食材：", *map(ingredient_line, recipe.ingredients)]
    lines += ["", "步骤：", *(f"{number}. {step}" for number, step in enumerate(recipe.steps, 1))]
    if recipe.tips:
        lines += ["", "小贴士：", *(f"· {tip}" for tip in recipe.tips)]
    return [*lines, "", allergen_line(recipe), f"来源：{recipe.source or '没有写明'}"]


def _scaling_lines(request: AnswerRequest, recipe: Recipe) -> list[str]:
    """What was done to the amounts, and what the cook still has to judge."""
    original = _original_of(request, recipe)
    before = original.servings if original is not None else None
    if before is not None and before == recipe.servings:
        return [f"菜谱本来就是 {before} 人份，用量照写："]
    if before is not None:
        start = f"用量已从 {before} 人份换算成 {recipe.servings} 人份。"
    elif original is not None:
        start = f"菜谱没有写是几人份，我当作 {DEFAULT_SERVINGS} 人份，换算成了 {recipe.servings} 人份。"
    else:
        start = f"用量已换算成 {recipe.servings} 人份。"
    lines = [start, "时间、火候和锅的大小不会按倍数变，请看着锅里的样子判断；盐和辣先少放一点，尝过再添。"]
    if any(_AMOUNT_IN_STEP.search(step) for step in recipe.steps):
        lines.append("步骤里写的用量还是菜谱原来的，请以食材表里换算过的为准，按比例增减。")
    if recipe.servings is not None and recipe.servings >= MAX_SERVINGS:
        lines.append(f"我最多换算到 {MAX_SERVINGS} 人份。")
    return lines


def _original_of(request: AnswerRequest, recipe: Recipe) -> Recipe | None:
    """The recipe before it was scaled, as far as the request still knows it."""
    found = (hit.recipe for hit in request.alternatives if hit.recipe.recipe_id == recipe.recipe_id)
    return request.understanding.dish or next(found, None)


def _ingredient_list(_aspect: IngredientList, recipe: Recipe) -> list[str]:
    people = f"（{recipe.servings} 人份）" if recipe.servings is not None else ""
    return [f"做「{recipe.name}」要准备{people}：", *map(ingredient_line, recipe.ingredients)]


def _step(aspect: StepNumber, recipe: Recipe) -> list[str]:
    count = len(recipe.steps)
    if count == 0:
        return ["菜谱没有写步骤。"]
    if aspect.number == 0:
        return [f"「{recipe.name}」一共 {count} 步：", *step_lines(recipe, range(1, count + 1))]
    number = count if aspect.number == -1 else aspect.number
    if number == count + 1:
        return [f"一共只有 {count} 步，第{count}步就是最后一步，做完就可以上桌了。"]
    if not 1 <= number <= count:
        return [f"一共只有 {count} 步，没有第 {number} 步。最后一步是：", *step_lines(recipe, [count])]
    rest = f"（共 {count} 步）" if number < count else f"（共 {count} 步，这是最后一步）"
    return [f"第{number}步{rest}：{recipe.steps[number - 1]}"]


_PARTS: dict[type, Callable[[Any, Recipe], list[str]]] = {
    AmountOf: amount_lines,
    IngredientList: _ingredient_list,
    StepNumber: _step,
    TimeNeeded: time_lines,
    Adjusted: adjusted_lines,
}
