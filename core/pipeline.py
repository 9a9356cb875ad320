"""From a question to an answer: rewrite the follow-up → retrieve → refuse or generate → illustrate.

Each stage is one method below: it reads what the stages before it left in `Run`, adds its own part, and
yields the events that a channel shows meanwhile. What each stage does when it fails:

===========  ================================================================================
rewrite      the question goes on as the rules read it (`core.understanding`)
retrieve     RetrievalError: without the index there is no honest answer
generate     GenerationError; but text that was streamed when the time ran out stands, with a
             line that says so: a reader keeps what they have read
illustrate   PictureFailed: the answer stands without a picture
===========  ================================================================================

The picture is drawn beside the text from the moment the recipe is chosen; nothing waits for it before
the text is whole. Closing the generator, or cancelling whoever reads it, ends everything it started.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.answering import Answerer, AnswerRequest, ForServings, Turn, Understanding
from core.composer import shows_recipe
from core.errors import BotError, GenerationError, IllustrationError, RetrievalError, RewriteError
from core.messages import (
    Picture,
    PictureFailed,
    Reply,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageProgress,
    StageStarted,
    TextDelta,
    TextFinished,
)
from core.ports import (
    ImageGenerator,
    Progress,
    Retrieval,
    Retriever,
)
from core.recipe import Recipe
from core.replies import answer, refusal
from core.stages import LatestSteps, StageTimes, limited, paced
from core.understanding import understand

logger = logging.getLogger(__name__)

CUT_OFF = "\n\n（写到这里超时了，后面的没有写完。可以再问我一次。）"
"""Ends an answer whose time ran out."""

Events = AsyncGenerator[ReplyEvent, None]


class Rewriter(Protocol):
    """Says what a turn asks for."""

    async def rewrite(self, turn: Turn) -> Understanding:
        """Understand `turn`, a follow-up made a full question where it needs a search."""


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """How long each stage may take, and how many recipes a search looks at."""

    rewrite_seconds: float = 15
    retrieve_seconds: float = 10
    generate_seconds: float = 180
    illustrate_seconds: float = 60
    search_limit: int = 5


@dataclass(slots=True)
class Run:
    """What one run has found so far.

    Attributes:
        understanding: what is asked for; by the rules, until the rewrite knows better.
        retrieval: what the index said, if it was asked for a dish.
        reply: the answer, once its text is whole.
        picture: the drawing under way, if there is one.
        picture_steps: how far it is.
    """

    turn: Turn
    understanding: Understanding
    times: StageTimes = field(default_factory=StageTimes)
    retrieval: Retrieval | None = None
    reply: Reply = field(default_factory=lambda: Reply(text=""))
    picture: asyncio.Task[Picture] | None = None
    picture_steps: LatestSteps = field(default_factory=LatestSteps)

    @property
    def uses_index(self) -> bool:
        """Whether the user lets the bot look into its recipes; otherwise no recipe plays a part at all."""
        return self.turn.preferences.rag


class CookingPipeline:
    """The cooking assistant.

    Args:
        rewriter: makes follow-ups full questions.
        retriever: finds recipes.
        answerer: writes answers.
        illustrator: makes pictures; None for answers without.
        limits: how long each stage may take.
    """

    def __init__(
        self,
        rewriter: Rewriter,
        retriever: Retriever,
        answerer: Answerer,
        illustrator: ImageGenerator | None,
        limits: PipelineLimits | None = None,
    ) -> None:
        self._rewriter = rewriter
        self._retriever = retriever
        self._answerer = answerer
        self._illustrator = illustrator
        self._limits = limits or PipelineLimits()

    async def run(self, turn: Turn) -> Events:
        """Answer `turn`; the last event is a `ReplyFinished`.

        Raises:
            RetrievalError: the index could not be searched.
            GenerationError: no answer could be written.
        """
        run = Run(turn, understand(turn))
        try:
            for stage in (self._rewrite, self._retrieve, self._answer, self._illustrate):
                async with aclosing(stage(run)) as events:
                    async for event in events:
                        yield event
            yield ReplyFinished(run.reply, run.times.timings_ms())
        finally:
            await _abandon(run.picture)

    async def _rewrite(self, run: Run) -> Events:
        """Make a follow-up a full question. It is searched with, so without the index the rules will do."""
        if not run.uses_index:
            return
        yield StageStarted(Stage.REWRITE)
        with run.times.measured(Stage.REWRITE):
            try:
                async with limited(self._limits.rewrite_seconds, RewriteError):
                    run.understanding = await self._rewriter.rewrite(run.turn)
            except RewriteError as exc:
                logger.warning("rewrite_failed cause=%s", type(exc.__cause__ or exc).__name__)
        yield run.times.finished(Stage.REWRITE)

    async def _retrieve(self, run: Run) -> Events:
        """Find the recipe, unless the dish at hand is meant. What is scaled is scaled from the original."""
        wanted, dish = run.understanding, run.understanding.dish
        rescales = dish is not None and isinstance(wanted.aspect, ForServings)
        if not run.uses_index or not (rescales or (dish is None and wanted.query)):
            return
        yield StageStarted(Stage.RETRIEVE)
        with run.times.measured(Stage.RETRIEVE):
            if dish is None:
                run.retrieval = await self._search(wanted.query, wanted.exclude)
            else:
                run.understanding = replace(wanted, dish=await self._original(run.turn, dish))
        yield run.times.finished(Stage.RETRIEVE)

    async def _answer(self, run: Run) -> Events:
        """Refuse, or write the answer while the picture is drawn."""
        if run.retrieval is not None and (run.retrieval.refused or not run.retrieval.hits):
            run.reply = refusal(run.turn, run.understanding, run.retrieval.hits)
            yield TextDelta(run.reply.text)
            yield TextFinished(run.reply)
            return
        request = _request(run)
        self._start_picture(run, request)
        text = ""
        yield StageStarted(Stage.GENERATE)
        with run.times.measured(Stage.GENERATE):
            async with aclosing(self._written(request)) as deltas:
                async for delta in deltas:
                    text = delta.text if delta.restart else text + delta.text
                    yield delta
        yield run.times.finished(Stage.GENERATE)
        run.reply = answer(request, text)
        yield TextFinished(run.reply)

    async def _illustrate(self, run: Run) -> Events:
        """Wait for the picture, which began with the text."""
        if run.picture is None:
            return
        yield StageStarted(Stage.ILLUSTRATE)
        async with aclosing(run.picture_steps.until(run.picture)) as steps:
            async for done, total in steps:
                yield StageProgress(Stage.ILLUSTRATE, done, total)
        yield run.times.finished(Stage.ILLUSTRATE)
        code = _failure_code(run.picture)
        if code:
            yield PictureFailed(code)
        else:
            run.reply = replace(run.reply, picture=run.picture.result())

    async def _search(self, query: str, exclude: frozenset[str]) -> Retrieval:
        async with limited(self._limits.retrieve_seconds, RetrievalError):
            return await self._retriever.search(query, limit=self._limits.search_limit, exclude=exclude)

    async def _original(self, turn: Turn, dish: Recipe) -> Recipe:
        """The dish at hand as the index has it: what the conversation remembers may be scaled and rounded.

        The search that found it is repeated; when it no longer does, the remembered one must do.
        """
        query = turn.conversation.last_query or dish.name
        shown_before = turn.conversation.shown_recipe_ids(query) - {dish.recipe_id}
        try:
            retrieval = await self._search(query, shown_before)
        except RetrievalError as exc:
            logger.warning("original_not_found cause=%s", type(exc.__cause__ or exc).__name__)
            return dish
        found = (hit.recipe for hit in retrieval.hits)
        return next((recipe for recipe in found if recipe.recipe_id == dish.recipe_id), dish)

    async def _written(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        """The answer in pieces, within its time."""
        seconds = self._limits.generate_seconds
        has_words = in_time = False
        try:
            async with aclosing(paced(self._answerer.stream(request), seconds)) as deltas:
                async for delta in deltas:
                    has_words = bool(delta.text.strip()) or (has_words and not delta.restart)
                    yield delta
            in_time = True
        except TimeoutError as exc:
            if not has_words:
                raise GenerationError(f"no answer within {seconds:g} s", retryable=True) from exc
            logger.warning("answer_cut_off seconds=%g", seconds)
        except GenerationError:
            raise
        except BotError as exc:
            raise GenerationError(exc.message, retryable=exc.retryable) from exc
        if not has_words:
            raise GenerationError("the answer is empty", retryable=True)
        if not in_time:
            yield TextDelta(CUT_OFF)

    def _start_picture(self, run: Run, request: AnswerRequest) -> None:
        recipe = request.recipe
        if recipe is None or not shows_recipe(request) or not run.turn.preferences.image:
            return
        if self._illustrator is not None:
            drawn = self._drawn(self._illustrator, recipe, run.times, run.picture_steps.tell)
            run.picture = asyncio.create_task(drawn)

    async def _drawn(
        self, illustrator: ImageGenerator, recipe: Recipe, times: StageTimes, progress: Progress
    ) -> Picture:
        with times.measured(Stage.ILLUSTRATE):
            async with limited(self._limits.illustrate_seconds, IllustrationError):
                return await illustrator.draw(recipe, progress)


def _request(run: Run) -> AnswerRequest:
    """What the answer is made from. Without a recipe the answerer asks back, or does without the index."""
    hits = run.retrieval.hits if run.retrieval is not None else ()
    recipe = run.understanding.dish or (hits[0].recipe if hits else None)
    if not run.uses_index:
        recipe = None
    aspect = run.understanding.aspect
    if recipe is not None and isinstance(aspect, ForServings) and recipe.servings != aspect.servings:
        recipe = recipe.scaled(aspect.servings)
    return AnswerRequest(run.turn, run.understanding, recipe, alternatives=hits)


def _failure_code(picture: asyncio.Task[Picture]) -> str:
    """Why a finished drawing has no picture; "" when it has one."""
    error = asyncio.CancelledError() if picture.cancelled() else picture.exception()
    if error is None:
        return ""
    logger.warning("illustrate_failed error=%s", type(error.__cause__ or error).__name__)
    return error.code if isinstance(error, BotError) else IllustrationError.code


async def _abandon(picture: asyncio.Task[Picture] | None) -> None:
    """Stop a drawing that nobody waits for any more, and wait until it has stopped."""
    if picture is None:
        return
    picture.cancel()
    await asyncio.wait({picture})
    if not picture.cancelled():
        picture.exception()  # counts as seen
