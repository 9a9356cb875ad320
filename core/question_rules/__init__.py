"""The rules of `core.understanding`: patterns of follow-up questions, in the order in which they are tried.

A pattern must match the whole prepared question (`core.question_text.prepared`, at most 60 characters).
Narrow rules come before wide ones: 「够几个人吃」 before 「几个人」, 「少放点盐」 before 「放多少盐」.
"""

from __future__ import annotations

from core.question_rules.advice import ADVICE_RULES, LAST_RULES
from core.question_rules.amounts import AMOUNT_RULES, SUPPLY_RULES, TIME_RULES
from core.question_rules.changes import ADJUSTING_RULES, REPLACING_RULES
from core.question_rules.pieces import Found, Rule, Scene
from core.question_rules.servings import MAX_SERVINGS, SERVING_RULES
from core.question_rules.steps import ANOTHER_DISH_RULES, STEP_RULES, WHOLE_RULES

__all__ = ["MAX_SERVINGS", "RULES", "Found", "Scene"]

RULES: tuple[Rule, ...] = (
    *STEP_RULES,
    *ANOTHER_DISH_RULES,
    *ADVICE_RULES,
    *SERVING_RULES,
    *ADJUSTING_RULES,
    *REPLACING_RULES,
    *TIME_RULES,
    *SUPPLY_RULES,
    *AMOUNT_RULES,
    *WHOLE_RULES,
    *LAST_RULES,
)
