"""An answer that somebody wants no more of: what was written stands, the rest is not written."""

from __future__ import annotations

import asyncio

import pytest

from core.answering import Turn
from core.composer import Composer
from core.conversation import Preferences
from core.messages import Reply, ReplyEvent, ReplyFinished, TextDelta
from core.model_answerer import ModelAnswerer
from core.stopping import STOPPED, StopSignal
from tests.core.pipeline_kitchen import WHOLE, Kitchen, shape, streamed
from tests.fakes.fake_image_generator import FakeImageGenerator
from tests.fakes.scripted_answering import ScriptedAnswerer
from tests.fakes.scripted_language_model import ScriptedAnswer, ScriptedLanguageModel


async def events_until(kitchen: Kitchen, turn: Turn, text: str) -> list[ReplyEvent]:
    """The events of an answer that is stopped as soon as `text` was shown."""
    events: list[ReplyEvent] = []
    async for event in kitchen.pipeline().run(turn):
        events.append(event)
        if isinstance(event, TextDelta) and event.text == text:
            asyncio.get_running_loop().call_soon(turn.stop.request)
    return events


def reply_of(events: list[ReplyEvent]) -> Reply:
    last = events[-1]
    assert isinstance(last, ReplyFinished)
    return last.reply


def endless_drawing() -> FakeImageGenerator:
    illustrator = FakeImageGenerator()
    illustrator.gate = asyncio.Event()
    return illustrator


async def test_what_was_written_stands() -> None:
    answerer = ScriptedAnswerer("先焯水。", asyncio.Event(), "从不")
    kitchen = Kitchen(answerer=answerer)
    turn = Turn("红烧肉怎么做", preferences=Preferences(voice=True))
    events = await events_until(kitchen, turn, "先焯水。")
    reply = reply_of(events)
    assert reply.text == streamed(events) == f"先焯水。\n\n{STOPPED}"
    assert reply.recipe is not None
    assert (reply.recipe.name, reply.shows_recipe, reply.read_aloud) == ("红烧肉", False, False)
    assert shape(events) == [*WHOLE, "done"]
    assert answerer.open_streams == 0


async def test_no_picture_follows() -> None:
    illustrator = endless_drawing()
    kitchen = Kitchen(answerer=ScriptedAnswerer("先焯水。", asyncio.Event()), illustrator=illustrator)
    reply = reply_of(await events_until(kitchen, Turn("红烧肉怎么做"), "先焯水。"))
    assert reply.picture is None
    assert illustrator.cancelled == 1


async def test_where_nothing_was_shown_no_dish_was() -> None:
    turn = Turn("红烧肉怎么做")
    kitchen = Kitchen(answerer=ScriptedAnswerer(asyncio.Event()))
    asyncio.get_running_loop().call_later(0.01, turn.stop.request)
    events = [event async for event in kitchen.pipeline().run(turn)]
    assert streamed(events) == STOPPED
    assert reply_of(events) == Reply(text=STOPPED)


async def test_a_question_that_waited_is_not_begun() -> None:
    kitchen, turn = Kitchen(), Turn("红烧肉怎么做")
    turn.stop.request()
    events = [event async for event in kitchen.pipeline().run(turn)]
    assert shape(events) == ["…", "text!", "done"]
    assert reply_of(events) == Reply(text=STOPPED)
    assert (kitchen.rewriter.turns, kitchen.retriever.searches) == ([], [])


async def test_the_rewrite_is_not_waited_for() -> None:
    kitchen, turn = Kitchen(), Turn("红烧肉怎么做")
    kitchen.rewriter.gate = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, turn.stop.request)
    events = [event async for event in kitchen.pipeline().run(turn)]
    assert reply_of(events) == Reply(text=STOPPED)
    assert kitchen.retriever.searches == []


async def test_a_picture_that_is_drawn_after_the_text_is_given_up() -> None:
    kitchen, turn = Kitchen(illustrator=endless_drawing()), Turn("红烧肉怎么做")
    asyncio.get_running_loop().call_later(0.01, turn.stop.request)
    reply = await kitchen.reply(turn)
    assert reply.text.startswith("红烧肉")
    assert reply.picture is None


async def test_a_whole_answer_is_not_marked() -> None:
    turn = Turn("红烧肉怎么做")
    kitchen = Kitchen(answerer=ScriptedAnswerer("先焯水，再炖。"))
    events = await events_until(kitchen, turn, "先焯水，再炖。")
    assert reply_of(events).text == "先焯水，再炖。"


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_what_is_seen_or_takes_long_is_being_written() -> None:
    clock = Clock()
    signal = StopSignal(clock)
    assert not signal.is_written(10)
    with signal.writing():
        assert not signal.is_written(10)
        clock.now = 10.5
        assert signal.is_written(10)
        assert not signal.is_written(20)
        signal.note_words()
        assert signal.is_written(20)
    assert not signal.is_written(10)


@pytest.mark.parametrize(("pieces", "is_written"), [(("\n", "先", "焯水"), True), (("\n", " "), False)])
async def test_a_model_is_seen_to_write_from_its_first_word(
    pieces: tuple[str, ...], is_written: bool
) -> None:
    gate, turn = asyncio.Event(), Turn("红烧肉怎么做", preferences=Preferences(rag=False))
    model = ScriptedLanguageModel([ScriptedAnswer(pieces, gate=gate)])
    seen: list[bool] = []

    def look() -> None:
        seen.append(turn.stop.is_written(1000))
        turn.stop.request()

    kitchen = Kitchen(answerer=ModelAnswerer(model, Composer()))
    async for event in kitchen.pipeline().run(turn):
        if isinstance(event, TextDelta) and event.text == "\n":
            asyncio.get_running_loop().call_later(0.01, look)
    assert seen == [is_written]
    assert model.open_streams == 0


async def test_the_composer_is_never_seen_to_write() -> None:
    turn = Turn("红烧肉怎么做")
    async for event in Kitchen().pipeline().run(turn):
        if isinstance(event, TextDelta):
            assert not turn.stop.is_written(0)
