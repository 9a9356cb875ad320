"""All measures of one answer, and their means over many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from statistics import fmean

from core.recipe import Recipe
from finetune.evaluate.recipe_measures import (
    ToldRecipe,
    amounts_preserved,
    grounded_share,
    ingredient_recall,
    invented_rate,
    told_in,
)
from finetune.evaluate.samples import Sample
from finetune.evaluate.text_measures import character_f1, rouge_l

WHOLE_RECIPES = frozenset({"how_to_cook", "grounded:whole"})
"""Kinds (with variant where it matters) whose answer is a whole recipe."""

HIGHER_IS_BETTER = {
    "character_f1": True,
    "rouge_l": True,
    "ingredient_recall": True,
    "invented_rate": False,
    "amounts_preserved": True,
    "format_valid": True,
    "refusal_correct": True,
    "grounded": True,
    "judged": True,
}
"""Every measure, in the order of tables. All from 0 to 1."""

_DECLINES = re.compile(
    "只(?:会|懂|聊|负责|能聊)[^。，]{0,6}(?:做菜|烹饪|美食|饮食|菜)|不是做菜的事|教人做菜的|超出(?:了)?我的(?:本行|能力)"
    "|帮不上忙|(?:无法|不能|没法|没办法)(?:回答|提供|帮)|与(?:做菜|烹饪|美食)无关"
)
_SAYS_NOT_WRITTEN = re.compile(
    "菜谱(?:里|中|的食材里|的步骤里)?(?:没有|没|并没有|未)(?:写|提|说|用到)|没有(?:找到|查到)|不是同一道菜|资料(?:里|中)?没有"
)

Figures = dict[str, float]


def measured(sample: Sample, answer: str) -> Figures:
    """Whatever can be measured of `answer`; what does not apply is not there."""
    figures = {
        "character_f1": character_f1(answer, sample.question, sample.reference),
        "rouge_l": rouge_l(answer, sample.reference),
        "refusal_correct": float(bool(_DECLINES.search(answer)) == (sample.kind == "refusals")),
    }
    if sample.kind == "grounded":
        figures["grounded"] = _grounded(sample, answer)
    if sample.recipe is not None and _kind(sample) in WHOLE_RECIPES:
        told = told_in(answer)
        figures["format_valid"] = float(told.is_well_formed)
        figures["ingredient_recall"] = ingredient_recall(told, answer, sample.recipe)
        figures |= _listed(told, sample.recipe)
    return figures


def _listed(told: ToldRecipe, recipe: Recipe) -> Figures:
    """What only a list of ingredients can be measured by."""
    values = {
        "invented_rate": invented_rate(told, recipe),
        "amounts_preserved": amounts_preserved(told, recipe),
    }
    return {name: value for name, value in values.items() if value is not None}


def means(figures: Iterable[Mapping[str, float]]) -> Figures:
    """The mean of each measure over the answers that it applies to, to four digits."""
    rows = list(figures)
    applied = {name: [row[name] for row in rows if name in row] for name in HIGHER_IS_BETTER}
    return {name: round(fmean(values), 4) for name, values in applied.items() if values}


def _kind(sample: Sample) -> str:
    return f"{sample.kind}:{sample.variant}" if sample.kind == "grounded" else sample.kind


def _grounded(sample: Sample, answer: str) -> float:
    """Whether an answer says so when its context is wrong or silent, else its share of figures from there."""
    if sample.variant.startswith(("wrong", "missing")):
        return float(bool(_SAYS_NOT_WRITTEN.search(answer)))
    return grounded_share(answer, sample.prompt[-1].content)
