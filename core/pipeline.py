"""From a question to an answer: rewrite → retrieve → (look on the web) → refuse or generate → illustrate.

Each stage is one method below: it reads what the stages before it left in `Run`, adds its own part, and
yields the events that a channel shows meanwhile. What each stage does when it fails:

===========  ================================================================================
rewrite      the question goes on as the rules read it (`core.understanding`)
retrieve     RetrievalError: without the index there is no honest answer
web          the question is refused as it would be without it
generate     GenerationError; but text that was streamed when the time ran out stands, with a
             line that says so: a reader keeps what they have read
illustrate   PictureFailed: the answer stands without a picture
===========  ================================================================================

The picture is drawn beside the text from the moment the recipe is chosen; nothing waits for it before
the text is whole. Closing the generator, or cancelling whoever reads it, ends everything it started.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from core.answering import Answerer, AnswerRequest, ForServings, Turn, Understanding
from core.composer import shows_recipe
from core.dish_lists import dishes_wanted, list_reply, offers_list
from core.errors import (
    BotError,
    GenerationError,
    RetrievalError,
    RewriteError,
    WebSearchError,
)
from core.messages import (
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
from core.pipeline_picture import abandon_picture, failure_code, start_picture
from core.pipeline_run import Run, request_of
from core.ports import (
    ImageGenerator,
    Retrieval,
    Retriever,
)
from core.readings import settling
from core.recipe import Recipe
from core.replies import answer, refusal
from core.stages import limited, paced
from core.stated_limits import with_stated_limits
from core.stopping import STOPPED
from core.understanding import understand
from core.web_answers import web_query
from core.web_ports import WebSearch

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


class CookingPipeline:
    """The cooking assistant.

    Args:
        rewriter: makes follow-ups full questions.
        retriever: finds recipes.
        answerer: writes answers.
        illustrator: makes pictures; None for answers without.
        limits: how long each stage may take.
        web_search: asked for dishes that the index does not know; None for never.
    """

    def __init__(
        self,
        rewriter: Rewriter,
        retriever: Retriever,
        answerer: Answerer,
        illustrator: ImageGenerator | None,
        limits: PipelineLimits | None = None,
        web_search: WebSearch | None = None,
    ) -> None:
        self._rewriter = rewriter
        self._retriever = retriever
        self._answerer = answerer
        self._illustrator = illustrator
        self._limits = limits or PipelineLimits()
        self._web_search = web_search

    async def run(self, turn: Turn) -> Events:
        """Answer `turn`; the last event is a `ReplyFinished`.

        Raises:
            RetrievalError: the index could not be searched.
            GenerationError: no answer could be written.
        """
        run = Run(turn, understand(turn))
        try:
            finding = (self._rewrite, self._retrieve, self._look_on_web)
            for stage in (*finding, self._answer, self._illustrate):
                if turn.stop.is_requested and stage in finding:
                    continue
                async with aclosing(stage(run)) as events:
                    async for event in events:
                        yield event
            yield ReplyFinished(run.reply, run.times.timings_ms())
        finally:
            await abandon_picture(run)

    async def _rewrite(self, run: Run) -> Events:
        """Make a follow-up a full question. It is searched with, so without the index the rules will do."""
        if not run.uses_index:
            return
        yield StageStarted(Stage.REWRITE)
        with run.times.measured(Stage.REWRITE):
            try:
                async with limited(self._limits.rewrite_seconds, RewriteError, run.turn.stop):
                    run.understanding = await self._rewriter.rewrite(run.turn)
            except RewriteError as exc:
                logger.warning("rewrite_failed cause=%s", type(exc.__cause__ or exc).__name__)
        yield run.times.finished(Stage.REWRITE)

    async def _retrieve(self, run: Run) -> Events:
        """Find the recipe, unless the dish at hand is meant. What is scaled is scaled from the original."""
        wanted = run.understanding
        rescales = wanted.dish is not None and isinstance(wanted.aspect, ForServings)
        if not run.uses_index or not (rescales or (wanted.dish is None and wanted.query)):
            return
        yield StageStarted(Stage.RETRIEVE)
        with run.times.measured(Stage.RETRIEVE):
            if wanted.dish is None:
                await self._find(run)
            dish = run.understanding.dish
            if dish is not None and isinstance(run.understanding.aspect, ForServings):
                run.understanding = replace(run.understanding, dish=await self._original(run.turn, dish))
        yield run.times.finished(Stage.RETRIEVE)

    async def _find(self, run: Run) -> None:
        """Search for what the question says; when that settles nothing, for what else it may mean."""
        readings = settling(run.understanding)
        wanted = next(readings)
        try:
            while True:
                limit = dishes_wanted(run.turn, wanted, self._limits.search_limit)
                query = with_stated_limits(wanted.query, run.turn.conversation)
                wanted = readings.send(await self._search(query, wanted.exclude, limit))
        except StopIteration as settled:
            run.understanding, run.retrieval = settled.value

    async def _look_on_web(self, run: Run) -> Events:
        """Ask the web for a dish that the index does not know."""
        is_dish = run.is_refused and not offers_list(run.retrieval)
        query = web_query(run.understanding.query) if is_dish else ""
        if self._web_search is None or not query:
            return
        yield StageStarted(Stage.WEB)
        with run.times.measured(Stage.WEB):
            try:
                run.pages = await self._web_search.search(query)
            except WebSearchError as exc:
                logger.warning("web_search_failed reason=%s", exc.message)
        yield run.times.finished(Stage.WEB)

    async def _answer(self, run: Run) -> Events:
        """Refuse, or write the answer while the picture is drawn."""
        if run.turn.stop.is_requested:
            run.reply = Reply(text=STOPPED)
            yield TextDelta(run.reply.text)
            yield TextFinished(run.reply)
            return
        if run.retrieval is not None and offers_list(run.retrieval):
            run.reply = list_reply(run.turn, run.understanding, run.retrieval)
            yield TextDelta(run.reply.text)
            yield TextFinished(run.reply)
            return
        if run.is_refused and not run.pages:
            nearest = run.retrieval.hits if run.retrieval is not None else ()
            run.reply = refusal(run.turn, run.understanding, nearest, offers_web=self._web_search is not None)
            yield TextDelta(run.reply.text)
            yield TextFinished(run.reply)
            return
        request = request_of(run)
        self._start_picture(run, request)
        text = ""
        yield StageStarted(Stage.GENERATE)
        with run.times.measured(Stage.GENERATE):
            async with aclosing(self._written(request)) as deltas:
                async for delta in deltas:
                    text = delta.text if delta.restart else text + delta.text
                    yield delta
        yield run.times.finished(Stage.GENERATE)
        if run.turn.stop.is_requested:
            await abandon_picture(run)
        run.reply = answer(request, text)
        yield TextFinished(run.reply)

    async def _illustrate(self, run: Run) -> Events:
        """Wait for the picture, which began with the text."""
        if run.picture is None:
            return
        yield StageStarted(Stage.ILLUSTRATE)
        with run.turn.stop.calling(run.picture.cancel):
            async with aclosing(run.picture_steps.until(run.picture)) as steps:
                async for done, total in steps:
                    yield StageProgress(Stage.ILLUSTRATE, done, total)
        yield run.times.finished(Stage.ILLUSTRATE)
        code = failure_code(run.picture)
        if code:
            yield PictureFailed(code)
        else:
            run.reply = replace(run.reply, picture=run.picture.result())

    async def _search(self, query: str, exclude: frozenset[str], limit: int = 0) -> Retrieval:
        async with limited(self._limits.retrieve_seconds, RetrievalError):
            most = limit or self._limits.search_limit
            return await self._retriever.search(query, limit=most, exclude=exclude)

    async def _original(self, turn: Turn, dish: Recipe) -> Recipe:
        """The dish at hand as the index has it: what the conversation remembers may be scaled and rounded.

        The search that found it is repeated; when it no longer does, the remembered one must do.
        """
        query = turn.conversation.query_behind(dish) or dish.name
        shown_before = turn.conversation.shown_recipe_ids(query) - {dish.recipe_id}
        try:
            retrieval = await self._search(query, shown_before)
        except RetrievalError as exc:
            logger.warning("original_not_found cause=%s", type(exc.__cause__ or exc).__name__)
            return dish
        found = (hit.recipe for hit in retrieval.hits)
        return next((recipe for recipe in found if recipe.recipe_id == dish.recipe_id), dish)

    async def _written(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        """The answer in pieces, within its time, until somebody wants no more of it."""
        seconds, stop = self._limits.generate_seconds, request.turn.stop
        has_words = False
        ending = ""
        try:
            async with aclosing(paced(self._answerer.stream(request), seconds, stop)) as deltas:
                async for delta in deltas:
                    has_words = bool(delta.text.strip()) or (has_words and not delta.restart)
                    yield delta
        except TimeoutError as exc:
            if not has_words and not stop.is_requested:
                raise GenerationError(f"no answer within {seconds:g} s", retryable=True) from exc
            ending = f"\n\n{STOPPED}" if stop.is_requested else CUT_OFF
            logger.info("answer_cut_off stopped=%s", stop.is_requested)
        except GenerationError:
            raise
        except BotError as exc:
            raise GenerationError(exc.message, retryable=exc.retryable) from exc
        if not has_words and not ending:
            raise GenerationError("the answer is empty", retryable=True)
        if ending:
            yield TextDelta(ending if has_words else STOPPED, restart=not has_words)

    def _start_picture(self, run: Run, request: AnswerRequest) -> None:
        recipe = request.recipe
        if recipe is None or not shows_recipe(request) or not run.turn.preferences.image:
            return
        if self._illustrator is not None:
            start_picture(run, self._illustrator, recipe, self._limits.illustrate_seconds)
