"""What the pipeline does when a stage fails, takes too long, or nobody waits for the answer any more."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from core.answering import Turn
from core.errors import (
    BotError,
    GenerationError,
    IllustrationError,
    IndexCorruptError,
    ModelUnavailableError,
    RetrievalError,
    RewriteError,
)
from core.messages import Picture, ReplyEvent, ReplyFinished, Stage, StageStarted, TextDelta, TextFinished
from core.pipeline import CUT_OFF, PipelineLimits
from core.ports import Progress
from core.recipe import Recipe
from core.stages import StageTimes, limited
from tests.core.pipeline_kitchen import ILLUSTRATED, SOON, WHOLE, Kitchen, after, shape, streamed
from tests.fakes.dishes import BRAISED_PORK
from tests.fakes.fake_image_generator import FakeImageGenerator
from tests.fakes.scripted_answering import ScriptedAnswerer

QUESTION = "红烧肉怎么做"
FOLLOW_UP = Turn("改成四人份", after((QUESTION, BRAISED_PORK, QUESTION)))


def others() -> set[asyncio.Task[object]]:
    """Tasks besides the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    yield
    assert others() == set()


# ── Rewrite ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("failure", [RewriteError("no"), ModelUnavailableError("down"), TimeoutError()])
async def test_when_the_rewrite_fails_the_rules_go_on(failure: Exception) -> None:
    kitchen = Kitchen()
    kitchen.rewriter.failure = failure
    events = await kitchen.events(QUESTION)
    assert shape(events) == ILLUSTRATED
    assert kitchen.retriever.searches[0].query == QUESTION


async def test_when_the_rewrite_takes_too_long_the_rules_go_on() -> None:
    kitchen = Kitchen(limits=PipelineLimits(rewrite_seconds=SOON))
    kitchen.rewriter.gate = asyncio.Event()
    events = await kitchen.events(QUESTION)
    assert shape(events) == ILLUSTRATED


# ── Retrieve ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_search_that_fails_is_a_retrieval_error_from_its_cause() -> None:
    kitchen = Kitchen()
    kitchen.retriever.failure = IndexCorruptError("the index is torn")
    events, error = await kitchen.until_failure(QUESTION, RetrievalError)
    assert events == ["rewrite>", "rewrite<", "retrieve>"]
    assert isinstance(error, RetrievalError)
    assert (error.message, error.retryable) == ("the index is torn", False)
    assert error.__cause__ is kitchen.retriever.failure


async def test_a_retrieval_error_stays_itself() -> None:
    kitchen = Kitchen()
    kitchen.retriever.failure = RetrievalError("gone")
    _, error = await kitchen.until_failure(QUESTION, RetrievalError)
    assert error is kitchen.retriever.failure


async def test_a_search_that_takes_too_long_is_a_retryable_retrieval_error() -> None:
    kitchen = Kitchen(limits=PipelineLimits(retrieve_seconds=SOON))
    kitchen.retriever.gate = asyncio.Event()
    _, error = await kitchen.until_failure(QUESTION, RetrievalError)
    assert isinstance(error, RetrievalError)
    assert error.retryable
    assert isinstance(error.__cause__, TimeoutError)


@pytest.mark.parametrize("fails", [True, False])
async def test_scaling_does_not_depend_on_the_search_for_the_original(fails: bool) -> None:
    kitchen = Kitchen(limits=PipelineLimits(retrieve_seconds=SOON))
    if fails:
        kitchen.retriever.failure = IndexCorruptError("torn")
    else:
        kitchen.retriever.gate = asyncio.Event()
    assert (await kitchen.reply(FOLLOW_UP)).recipe == BRAISED_PORK.scaled(4)


# ── Generate ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("steps", [(), ("先焯水，",)])
async def test_an_answerer_that_fails_is_a_generation_error_from_its_cause(steps: tuple[str, ...]) -> None:
    cause = ModelUnavailableError("the model is down")
    kitchen = Kitchen(ScriptedAnswerer(*steps, cause))
    events, error = await kitchen.until_failure(QUESTION, GenerationError)
    assert [name for name in events if name != "…"] == WHOLE[:5]
    assert isinstance(error, GenerationError)
    assert (error.retryable, error.__cause__) == (True, cause)


async def test_a_generation_error_stays_itself() -> None:
    cause = GenerationError("no")
    _, error = await Kitchen(ScriptedAnswerer(cause)).until_failure(QUESTION, GenerationError)
    assert error is cause


@pytest.mark.parametrize("steps", [(), ("",), (" \n",), ("好", TextDelta("", restart=True))])
async def test_an_empty_answer_is_a_generation_error(steps: tuple[str | TextDelta, ...]) -> None:
    _, error = await Kitchen(ScriptedAnswerer(*steps)).until_failure(QUESTION, GenerationError)
    assert "empty" in str(error)


async def test_no_word_in_time_is_a_generation_error() -> None:
    answerer = ScriptedAnswerer(asyncio.Event())
    kitchen = Kitchen(answerer, PipelineLimits(generate_seconds=SOON))
    _, error = await kitchen.until_failure(QUESTION, GenerationError)
    assert isinstance(error, GenerationError)
    assert error.retryable
    assert isinstance(error.__cause__, TimeoutError)
    assert answerer.open_streams == 0


async def test_words_that_came_in_time_stand_with_a_line_that_says_so() -> None:
    answerer = ScriptedAnswerer("先焯水，", asyncio.Event(), "再炖。")
    kitchen = Kitchen(answerer, PipelineLimits(generate_seconds=SOON))
    events = await kitchen.events(QUESTION)
    assert shape(events) == ILLUSTRATED
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert finished.reply.text == streamed(events) == f"先焯水，{CUT_OFF}"
    assert finished.reply.recipe == BRAISED_PORK
    assert answerer.open_streams == 0


async def test_a_slow_reader_does_not_use_up_the_answers_time(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, asked_on = asyncio.get_running_loop(), asyncio.Event()
    real_time, passed = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: real_time() + passed[0])
    kitchen = Kitchen(ScriptedAnswerer("一", asked_on, "二"), PipelineLimits(generate_seconds=5))
    texts = []
    async for event in kitchen.pipeline().run(Turn(QUESTION)):
        if isinstance(event, TextDelta):
            texts.append(event.text)
            passed[0] += 100
            loop.call_soon(asked_on.set)
    assert texts == ["一", "二"]


# ── Illustrate ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (IllustrationError("no font"), "illustrate"),
        (ModelUnavailableError("down"), "illustrate"),
        (ValueError("a bug"), "illustrate"),
    ],
)
async def test_a_picture_that_fails_spoils_nothing(failure: Exception, code: str) -> None:
    kitchen = Kitchen()
    assert kitchen.illustrator is not None
    kitchen.illustrator.failure = failure
    events = await kitchen.events(QUESTION)
    assert shape(events) == [*ILLUSTRATED[:-1], f"no picture: {code}", "done"]
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert (finished.reply.recipe, finished.reply.picture) == (BRAISED_PORK, None)


async def test_a_picture_that_takes_too_long_is_given_up() -> None:
    kitchen = Kitchen(limits=PipelineLimits(illustrate_seconds=SOON))
    assert kitchen.illustrator is not None
    kitchen.illustrator.gate = asyncio.Event()
    events = await kitchen.events(QUESTION)
    assert shape(events) == [*ILLUSTRATED[:-1], "no picture: illustrate", "done"]
    assert kitchen.illustrator.cancelled == 1


class SoreLoser(FakeImageGenerator):
    """Fails when it is cancelled."""

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:
        try:
            return await super().draw(recipe, progress)
        except asyncio.CancelledError as exc:
            raise IllustrationError("interrupted") from exc


@pytest.mark.parametrize("is_drawing", [True, False])
async def test_a_picture_that_fails_while_the_answer_does_is_no_trouble(is_drawing: bool) -> None:
    gate = asyncio.Event()
    kitchen = Kitchen(ScriptedAnswerer("一", gate, ModelUnavailableError("down")))
    illustrator = kitchen.illustrator = SoreLoser()
    illustrator.failure = IllustrationError("no font")
    illustrator.gate = asyncio.Event() if is_drawing else None
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def failed() -> bool:
        try:
            async for event in kitchen.pipeline().run(Turn(QUESTION)):
                if isinstance(event, TextDelta):
                    await illustrator.started.wait()
                    gate.set()
        except GenerationError:  # kept nowhere: its traceback would keep the task from going
            return True
        return False

    assert await failed()
    gc.collect()  # a task whose failure nobody looked at complains when it goes
    assert (complaints, illustrator.cancelled) == ([], int(is_drawing))


# ── Nobody waits any more ────────────────────────────────────────────────────────────────────────


def stuck_kitchen() -> tuple[Kitchen, FakeImageGenerator]:
    illustrator = FakeImageGenerator()
    illustrator.gate = asyncio.Event()
    return Kitchen(ScriptedAnswerer("一", "二"), illustrator=illustrator), illustrator


async def test_closing_the_run_at_any_event_leaves_nothing_behind() -> None:
    for count in range(1, len(ILLUSTRATED) + 1):
        kitchen, illustrator = stuck_kitchen()
        seen: list[ReplyEvent] = []
        async with aclosing(kitchen.pipeline().run(Turn(QUESTION))) as events:
            async for event in events:
                seen.append(event)
                waits = isinstance(event, StageStarted) and event.stage == "illustrate"
                if len(seen) == count or waits:
                    break
        assert others() == set()
        assert isinstance(kitchen.answerer, ScriptedAnswerer)
        assert kitchen.answerer.open_streams == 0
        assert illustrator.cancelled == (1 if illustrator.drawn else 0)


@pytest.mark.parametrize("stage", ["rewrite", "retrieve", "generate", "illustrate"])
async def test_cancelling_the_reader_in_any_stage_stops_everything(stage: str) -> None:
    kitchen, illustrator = stuck_kitchen()
    never = asyncio.Event()
    if stage == "rewrite":
        kitchen.rewriter.gate = never
    elif stage == "retrieve":
        kitchen.retriever.gate = never
    elif stage == "generate":
        kitchen.answerer = ScriptedAnswerer("一", never)
    reached = asyncio.Event()
    seen: list[ReplyEvent] = []

    async def read() -> None:
        async for event in kitchen.pipeline().run(Turn(QUESTION)):
            seen.append(event)
            if isinstance(event, StageStarted) and event.stage == stage:
                reached.set()

    reader = asyncio.create_task(read())
    await reached.wait()
    if stage in {"generate", "illustrate"}:
        await illustrator.started.wait()
    reader.cancel()
    await asyncio.wait({reader})
    assert reader.cancelled()
    assert others() == set()
    assert not any(isinstance(event, ReplyFinished) for event in seen)
    assert any(isinstance(event, TextFinished) for event in seen) == (stage == "illustrate")
    assert illustrator.cancelled == (1 if illustrator.drawn else 0)


# ── The parts ────────────────────────────────────────────────────────────────────────────────────


async def test_limited_lets_pass_what_is_no_error_of_the_project() -> None:
    with pytest.raises(ZeroDivisionError):
        async with limited(1, RetrievalError):
            raise ZeroDivisionError
    with pytest.raises(asyncio.CancelledError):
        async with limited(1, RetrievalError):
            raise asyncio.CancelledError


async def test_limited_keeps_message_and_whether_to_retry() -> None:
    with pytest.raises(IllustrationError, match="disk") as caught:
        async with limited(1, IllustrationError):
            raise BotError("the disk is full", retryable=True)
    assert caught.value.retryable


def test_times_are_those_of_the_clock() -> None:
    ticks = iter([0.0, 1.0, 1.5, 2.0])
    times = StageTimes(clock=lambda: next(ticks))
    with times.measured(Stage.RETRIEVE):
        pass
    assert times.finished(Stage.RETRIEVE).duration_ms == 500
    assert times.timings_ms() == {"retrieve": 500, "total": 2000}
