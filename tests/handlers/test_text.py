"""Questions: which are taken, and what is remembered of them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from core.conversation import HistoryMessage, Preferences
from core.errors import DiskFullError, GenerationError, ModelUnavailableError
from core.messages import IncomingMessage, TextDelta, TextFinished, UserKey
from core.recipe import Recipe
from handlers.question import cleaned, has_words
from handlers.text import EMPTY, NO_WORDS
from tests.core.pipeline_kitchen import Kitchen, shape, streamed
from tests.fakes.dishes import BRAISED_PORK, EGG_SOUP, TOMATO_EGGS
from tests.fakes.fake_image_generator import FakeImageGenerator
from tests.fakes.scripted_answering import ScriptedAnswerer
from tests.handlers.desk import ANNA, CHAT, NOON, Desk, without_time

QUESTION = "红烧肉怎么做"


# ── What is taken ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t\u3000", "\x00\x07\x1b", "\ud83d", "\u200b\ufeff", "\x00" * 1000]
)
async def test_nothing_is_declined(text: str) -> None:
    desk = Desk()
    reply = await desk.say(text)
    assert (reply.text, reply.refused) == (EMPTY, True)
    assert await desk.stored() == ()


@pytest.mark.parametrize(
    "text", ["😀", "👨‍👩‍👧‍👦🍅🥚", "？？？", "。", "❤️", "🇨🇳", "👍🏽", "1️⃣2️⃣", "\u0301\u0301"]
)
async def test_signs_without_words_are_declined(text: str) -> None:
    desk = Desk()
    reply = await desk.say(text)
    assert (reply.text, reply.refused) == (NO_WORDS, True)
    assert desk.kitchen.retriever.searches == []


@pytest.mark.parametrize(("length", "taken"), [(100, True), (101, False), (100_000, False)])
async def test_a_long_question_is_declined_with_the_limit(length: int, taken: bool) -> None:
    desk = Desk()
    reply = await desk.say("肉" * length)
    assert len(desk.kitchen.retriever.searches) == int(taken)
    assert ("最多看 100 个字" in reply.text) == (not taken)
    assert (f"有 {length} 个字" in reply.text) == (not taken)
    assert len(await desk.stored()) == (2 if taken else 0)


async def test_spaces_around_a_question_do_not_count() -> None:
    desk = Desk()
    reply = await desk.say(f"{' ' * 500}{QUESTION}\n")
    assert reply.recipe == BRAISED_PORK


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("红烧肉\ud83d怎么做", "红烧肉怎么做"),
        ("\ud83c\udf45怎么炒", "🍅怎么炒"),
        ("\udf45\ud83c怎么炒", "怎么炒"),
        ("红烧\x00肉\x1b[31m", "红烧肉[31m"),
        ("一\r\n二\r三\u2028四\x0b五", "一\n二\n三\n四\n五"),
        ("a\x1b", "a"),
        ("\u202e肉烧红", "肉烧红"),
        ("👨‍🍳好", "👨‍🍳好"),
    ],
)
def test_what_cannot_be_seen_or_stored_goes(text: str, clean: str) -> None:
    assert cleaned(text) == clean
    clean.encode("utf-8")


@pytest.mark.parametrize("text", ["饭", "1", "a", "🍅饭", "Ⅷ", "ご飯"])
def test_a_letter_or_digit_is_enough(text: str) -> None:
    assert has_words(text)


# ── What is remembered ───────────────────────────────────────────────────────────────────────────


async def test_question_and_answer_are_remembered_with_recipe_query_and_picture() -> None:
    desk = Desk()
    reply = await desk.say(f" {QUESTION} ")
    asked, answered = await desk.stored()
    assert without_time(asked) == HistoryMessage("user", QUESTION, "anna", NOON)
    assert without_time(answered) == HistoryMessage(
        "assistant", reply.text, "anna", NOON, BRAISED_PORK, QUESTION, "1111111111111111.png"
    )
    assert asked.created_at < answered.created_at


async def test_the_text_is_stored_when_it_is_told_finished_and_not_before() -> None:
    desk = Desk()
    counts: dict[bool, set[int]] = {True: set(), False: set()}
    finished = False
    async for event in desk.router.handle(desk.message(QUESTION)):
        finished = finished or isinstance(event, TextFinished)
        counts[finished].add(len(await desk.stored()))
    assert counts == {False: {0}, True: {2}}


async def test_a_conversation_goes_on() -> None:
    desk = Desk()
    await desk.say(QUESTION)
    assert "1/3勺" in (await desk.say("要多少盐")).text
    assert (await desk.say("改成四人份")).recipe == BRAISED_PORK.scaled(4)
    again = (await desk.say("改成六人份")).recipe
    assert again is not None
    assert again.to_dict() == BRAISED_PORK.scaled(6).to_dict()
    assert [message.query for message in await desk.stored() if message.role == "assistant"] == [QUESTION] * 4


async def test_another_dish_goes_on_from_the_question_after_follow_ups() -> None:
    desk = Desk()
    first = await desk.say("鸡蛋和番茄能做什么")
    assert first.recipe == TOMATO_EGGS
    await desk.say("要多少盐")
    second = await desk.say("换一道")
    assert second.recipe == EGG_SOUP
    await desk.say("要多少盐")
    third = await desk.say("换一道")
    assert (third.refused, third.text[:6]) == (True, "没有别的了，")
    assert "3克" in (await desk.say("要多少盐")).text
    assert (await desk.say("换一道")).refused


async def test_a_refusal_is_remembered_as_one_and_keeps_the_dish_at_hand() -> None:
    desk = Desk()
    await desk.say(QUESTION)
    await desk.say("怎么修自行车")
    refusal = (await desk.stored())[-1]
    assert (refusal.refused, refusal.recipe, refusal.query) == (True, None, "")
    assert (await desk.say("要多少盐")).recipe == Recipe.from_dict(BRAISED_PORK.to_dict())


async def test_the_users_own_settings_reach_the_pipeline() -> None:
    answerer = ScriptedAnswerer("好")
    desk = Desk(Kitchen(answerer))
    preferences = Preferences(rag=False, image=False, temperature=0.1, top_p=0.5)
    await desk.profiles.save(ANNA, preferences)
    await desk.say(QUESTION)
    await desk.say(IncomingMessage(CHAT, UserKey("web", "bert"), "2", QUESTION, NOON))
    assert [request.turn.preferences for request in answerer.requests] == [preferences, Preferences()]


async def test_an_answer_that_fails_leaves_no_trace() -> None:
    desk = Desk(Kitchen(ScriptedAnswerer("先", ModelUnavailableError("down"))))
    with pytest.raises(GenerationError):
        await desk.say(QUESTION)
    assert await desk.stored() == ()


@pytest.mark.parametrize("stop_at", [TextDelta, TextFinished])
async def test_an_answer_that_is_given_up_is_stored_whole_or_not_at_all(stop_at: type) -> None:
    illustrator = FakeImageGenerator()
    illustrator.gate = asyncio.Event()
    desk = Desk(Kitchen(illustrator=illustrator))
    async with aclosing(desk.router.handle(desk.message(QUESTION))) as events:
        async for event in events:
            if isinstance(event, stop_at):
                break
    assert len(await desk.stored()) == (2 if stop_at is TextFinished else 0)
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()


async def test_cancelled_while_storing_passes_nothing_on() -> None:
    desk = Desk()
    reached = asyncio.Event()

    async def never(*_: object, **__: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    desk.history.append = never  # type: ignore[method-assign]
    task = asyncio.create_task(desk.say(QUESTION))
    await reached.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert {other for other in asyncio.all_tasks() if other is not asyncio.current_task()} == set()


async def test_an_answer_that_cannot_be_stored_is_an_error() -> None:
    desk = Desk()
    desk.history.failure = DiskFullError("no room")
    with pytest.raises(DiskFullError):
        await desk.say(QUESTION)


async def test_a_picture_that_cannot_be_remembered_is_shown_all_the_same() -> None:
    desk = Desk()
    events = []
    async for event in desk.router.handle(desk.message(QUESTION)):
        events.append(event)
        if isinstance(event, TextFinished):
            desk.history.failure = DiskFullError("no room")
    assert shape(events)[-3:] == ["illustrate>", "illustrate<", "done"]
    desk.history.failure = None
    assert (await desk.stored())[-1].picture_name == ""
    assert (await desk.stored())[-1].text == streamed(events)
