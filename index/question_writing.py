"""Hypothetical questions written by a language model (HyQE in full): `python -m index questions`.

Names alone answer 「红烧肉怎么做」. What people also ask, 「给孩子做什么开胃的」, a model writes down for
each recipe; the questions become forms of it. They are kept in a journal beside the output, a line a recipe,
by what was asked of which model: whoever is interrupted, or comes back with more recipes, pays for each once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.errors import ModelResponseError
from core.language_models.whole_answer import whole_answer
from core.ports import ChatMessage, LanguageModel, Sampling
from core.prompts import estimated_tokens
from core.recipe import Recipe
from index.journal import Journal
from index.question_prompt import asked_again, parse_questions, question_prompt

_SAMPLING = Sampling(temperature=0.7, max_output_tokens=400)
_TOKENS_A_QUESTION = 20
_MAX_ANSWER_CHARACTERS = 4000

ReportWritten = Callable[[int, int], None]
"""Called with (recipes done, recipes in all)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is still to be asked: calls, tokens sent, tokens that come back (an upper estimate)."""

    recipes: int
    kept: int
    tokens_sent: int
    tokens_received: int

    def cost(self, price_sent: float, price_received: float) -> float:
        """In the currency of the prices, which are per million tokens."""
        return (self.tokens_sent * price_sent + self.tokens_received * price_received) / 1e6


@dataclass(slots=True)
class WritingReport:
    """What came of it; `unread` are ids of recipes whose answers could not be read twice."""

    written: int = 0
    kept: int = 0
    unread: list[str] = field(default_factory=list)


class QuestionJournal:
    """Questions that were written, by recipe.

    Args:
        path: of the `Journal`.
        asked: what identifies the asking (model, count): other lines are left alone and not used.
    """

    def __init__(self, path: Path, asked: str) -> None:
        self._journal = Journal(path)
        self._asked = hashlib.sha256(asked.encode()).hexdigest()[:16]
        self._questions: dict[str, tuple[str, ...]] = {}
        for kept in self._journal.records():
            with suppress(KeyError, TypeError):
                if kept["asked"] == self._asked:
                    self._questions[str(kept["recipe_id"])] = tuple(map(str, kept["questions"]))

    def get(self, recipe: Recipe) -> tuple[str, ...] | None:
        """The questions of `recipe`, if they were written."""
        return self._questions.get(recipe.recipe_id)

    def put(self, recipe: Recipe, questions: tuple[str, ...]) -> None:
        """Keep the questions of `recipe`."""
        self._journal.append({"recipe_id": recipe.recipe_id, "asked": self._asked, "questions": questions})
        self._questions[recipe.recipe_id] = questions


def estimate(recipes: Iterable[Recipe], journal: QuestionJournal, count: int) -> Estimate:
    """What asking for `count` questions about each of `recipes` takes."""
    asked = kept = sent = 0
    for recipe in recipes:
        if journal.get(recipe) is not None:
            kept += 1
            continue
        asked += 1
        sent += sum(estimated_tokens(message.content) + 6 for message in question_prompt(recipe, count))
    return Estimate(asked, kept, sent, asked * count * _TOKENS_A_QUESTION)


async def with_questions(
    recipes: Iterable[Recipe],
    model: LanguageModel,
    journal: QuestionJournal,
    count: int,
    report: WritingReport,
    *,
    at_once: int = 4,
) -> AsyncIterator[Recipe]:
    """Each of `recipes`, in order, with its questions; `at_once` are asked about at the same time.

    Raises:
        ModelError: the model is gone or refuses; what was written is in the journal.
    """
    waiting: list[asyncio.Task[Recipe]] = []
    try:
        for recipe in recipes:
            waiting.append(asyncio.create_task(_asked(recipe, model, journal, count, report)))
            if len(waiting) >= at_once:
                yield await waiting.pop(0)
        while waiting:
            yield await waiting.pop(0)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _asked(
    recipe: Recipe, model: LanguageModel, journal: QuestionJournal, count: int, report: WritingReport
) -> Recipe:
    questions = journal.get(recipe)
    if questions is not None:
        report.kept += 1
        return replace(recipe, questions=questions)
    prompt = question_prompt(recipe, count)
    answer = await _answer(model, prompt)
    questions = parse_questions(answer, count)
    if not questions:
        questions = parse_questions(await _answer(model, asked_again(prompt, answer)), count)
    if questions:
        journal.put(recipe, questions)
        report.written += 1
    else:
        report.unread.append(recipe.recipe_id)
    return replace(recipe, questions=questions)


async def _answer(model: LanguageModel, prompt: list[ChatMessage]) -> str:
    """The model's words; nothing when it rambles or breaks off, which is then asked again."""
    try:
        return await whole_answer(model.stream(prompt, _SAMPLING), _MAX_ANSWER_CHARACTERS)
    except ModelResponseError:
        return ""
