"""Answers and rewrites by a language model, with the composer and the rules to fall back on.

A model that is down, refuses, breaks off or repeats itself never costs the user the answer: what it streamed
is dropped, one sentence says so, and the composer answers from the recipe.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from core.answering import AnotherDish, AnswerRequest, ForServings, Turn, Understanding
from core.composer import Composer
from core.composer_wording import source_line
from core.conversation import Preferences
from core.errors import ModelError, ModelRejectedError, ModelResponseError
from core.language_models.answer_guard import AnswerGuard
from core.language_models.whole_answer import whole_answer
from core.messages import TextDelta
from core.ports import (
    ChatMessage,
    LanguageModel,
    Sampling,
)
from core.prompts import (
    MAX_REWRITE_CHARACTERS,
    answer_prompt,
    free_answer_prompt,
    parse_rewrite,
    rewrite_prompt,
    web_prompt,
)
from core.recipe import Recipe
from core.understanding import understand
from core.web_answers import source_lines

_REWRITE_SAMPLING = Sampling(temperature=0, max_output_tokens=100)
"""One short line (60 characters are asked for), the same every time."""

_FALLS_BACK = "下面按菜谱原文回答。"
SOURCES = "网上的出处（没有核对过，以原网页为准）："
"""Stands above the pages that an answer was made from."""

_CANNOT_ANSWER = "菜谱库是关着的，没有别的可查。过一会儿再试，或者发送 /rag on 打开菜谱库。"


class ModelAnswerer:
    """Implements `core.answering.Answerer` with a language model.

    Args:
        language_model: writes the answers.
        composer: answers when the model cannot, and asks back when no dish is known.
        sampling: defaults for what the user has not set; no answer becomes longer than its length.
        context_tokens: room for rules, recipe, history and question in the prompt.
    """

    def __init__(
        self,
        language_model: LanguageModel,
        composer: Composer,
        *,
        sampling: Sampling | None = None,
        context_tokens: int = 6000,
    ) -> None:
        self._language_model = language_model
        self._composer = composer
        self._sampling = sampling or Sampling()
        self._context_tokens = context_tokens

    async def stream(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        """Yield the answer as the model writes it; see `Answerer.stream`. Falls back instead of failing."""
        if request.recipe is None and request.turn.preferences.rag and not request.pages:
            async for delta in self._composer.stream(request):
                yield delta
            return
        written: list[str] = []
        guard, stop = AnswerGuard(request.turn.question), request.turn.stop
        try:
            with stop.writing():
                async with aclosing(
                    self._language_model.stream(self._prompt(request), self._sampling_for(request))
                ) as pieces:
                    async for piece in pieces:
                        guard.feed(piece)
                        written.append(piece)
                        if piece.strip():
                            stop.note_words()
                        yield TextDelta(piece)
            if not "".join(written).strip():
                raise ModelResponseError("the model answered with nothing")
        except ModelError as error:
            async for delta in self._fallback(request, error):
                yield delta
            return
        if request.pages:
            yield TextDelta("\n".join(["", "", SOURCES, *source_lines(request.pages)]))
        if request.recipe is not None and not _names_source("".join(written), request.recipe):
            yield TextDelta(f"\n\n{source_line(request.recipe)}")

    async def _fallback(self, request: AnswerRequest, error: ModelError) -> AsyncIterator[TextDelta]:
        sentence = _what_happened(error)
        if request.recipe is None and not request.pages:
            yield TextDelta(f"{sentence}{_CANNOT_ANSWER}", restart=True)
            return
        start = f"{sentence}{_FALLS_BACK}" if request.recipe is not None else f"{sentence.rstrip('，')}。"
        yield TextDelta(f"{start}\n\n", restart=True)
        async for delta in self._composer.stream(request):
            yield delta

    def _prompt(self, request: AnswerRequest) -> Sequence[ChatMessage]:
        history = request.turn.conversation.messages
        if request.pages:
            return web_prompt(
                request.turn.question, request.pages, history, budget_tokens=self._context_tokens
            )
        if request.recipe is None:
            return free_answer_prompt(request.turn.question, history, budget_tokens=self._context_tokens)
        return answer_prompt(
            _question_for_model(request, request.recipe),
            [request.recipe],
            history,
            budget_tokens=self._context_tokens,
        )

    def _sampling_for(self, request: AnswerRequest) -> Sampling:
        chosen = _own_sampling(request.turn.preferences).over(self._sampling)
        longest = self._sampling.max_output_tokens
        if longest is None or chosen.max_output_tokens is None:
            return chosen
        # Chosen before the limit was lowered, it may be longer.
        return replace(chosen, max_output_tokens=min(chosen.max_output_tokens, longest))


class FollowUpRewriter:
    """Says what a turn asks for: by rules, and where they are unsure with the help of a model.

    Args:
        language_model: rewrites a follow-up into a full question; None leaves it to the rules.
        context_tokens: room for the rewrite prompt.
    """

    def __init__(self, language_model: LanguageModel | None = None, *, context_tokens: int = 1500) -> None:
        self._language_model = language_model
        self._context_tokens = min(context_tokens, 1500)

    async def rewrite(self, turn: Turn) -> Understanding:
        """Understand `turn`. A failing model leaves the rules' result; never raises `ModelError`."""
        by_rules = understand(turn)
        if by_rules.certain or self._language_model is None:
            return by_rules
        try:
            question = await self._rewritten(turn, self._language_model)
        except ModelError:
            return by_rules
        if question == turn.question:
            return by_rules
        return understand(Turn(question, turn.conversation, turn.preferences))

    async def _rewritten(self, turn: Turn, language_model: LanguageModel) -> str:
        prompt = rewrite_prompt(turn.question, turn.conversation.messages, budget_tokens=self._context_tokens)
        # Past twice its length it is no rewritten question, and parse_rewrite refuses it.
        written = await whole_answer(
            language_model.stream(prompt, _REWRITE_SAMPLING), 2 * MAX_REWRITE_CHARACTERS
        )
        return parse_rewrite(written, turn.question)


def _own_sampling(preferences: Preferences) -> Sampling:
    """What the user chose."""
    return Sampling(
        temperature=preferences.temperature,
        top_p=preferences.top_p,
        max_output_tokens=preferences.max_output_tokens,
        top_k=preferences.top_k,
        repetition_penalty=preferences.repetition_penalty,
    )


def _question_for_model(request: AnswerRequest, recipe: Recipe) -> str:
    """The user's words, and what was done with them that the model cannot know."""
    question = request.turn.question
    match request.understanding.aspect:
        case ForServings():
            return f"{question}\n（菜谱的用量已经换算成 {recipe.servings} 人份，照写即可。）"
        case AnotherDish():
            return f"{question}\n（换成这道：{recipe.name}，请讲它的做法。）"
    if request.only_near:
        return f"{question}\n（没有同名的菜谱，「{recipe.name}」是最接近的一道；请先说明这一点。）"
    return question


def _names_source(text: str, recipe: Recipe) -> bool:
    return bool(recipe.source) and recipe.source in text


def _what_happened(error: ModelError) -> str:
    if isinstance(error, ModelRejectedError):
        return "语言模型拒绝了这次请求（模型名、密钥或参数可能不对），"
    if isinstance(error, ModelResponseError):
        return "语言模型的回答断掉了，"
    return "现在连不上语言模型，"
