"""What the pipeline does when all goes well: its events, and the reply, kind of question by kind."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.answering import AmountOf, Turn, Understanding
from core.conversation import Preferences
from core.errors import IllustrationError
from core.messages import (
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageFinished,
    StageProgress,
    TextDelta,
    TextFinished,
)
from core.recipe import Recipe
from tests.core.pipeline_kitchen import ILLUSTRATED, Kitchen, after, shape, streamed
from tests.fakes.dishes import BRAISED_PORK, EGG_SOUP, TOMATO_EGGS
from tests.fakes.fake_retriever import RecordedSearch
from tests.fakes.scripted_answering import ScriptedAnswerer

ASKED_PORK = ("红烧肉怎么做", BRAISED_PORK, "红烧肉怎么做")


async def test_a_whole_recipe_goes_through_every_stage() -> None:
    kitchen = Kitchen()
    events = await kitchen.events("红烧肉怎么做")
    assert shape(events) == ILLUSTRATED
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    reply = finished.reply
    assert (reply.recipe, reply.shows_recipe, reply.refused) == (BRAISED_PORK, True, False)
    assert reply.query == "红烧肉怎么做"
    assert reply.lead.startswith("「红烧肉」")
    assert reply.buttons
    assert reply.picture is not None
    assert reply.picture.path.name == "1111111111111111.png"
    assert kitchen.retriever.searches == [RecordedSearch("红烧肉怎么做", 5, frozenset())]


async def test_the_text_is_what_was_streamed_and_the_picture_comes_after_it() -> None:
    events = await Kitchen().events("红烧肉怎么做")
    told = next(event.reply for event in events if isinstance(event, TextFinished))
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert told.text == finished.reply.text == streamed(events)
    assert told.picture is None
    assert finished.reply == replace(told, picture=finished.reply.picture)


async def test_every_stage_and_the_whole_are_timed() -> None:
    events = await Kitchen().events("红烧肉怎么做")
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert set(finished.timings_ms) == {"rewrite", "retrieve", "generate", "illustrate", "total"}
    told = {event.stage.value: event.duration_ms for event in events if isinstance(event, StageFinished)}
    assert {**told, "total": finished.timings_ms["total"]} == finished.timings_ms
    assert finished.timings_ms["total"] >= max(told.values())


async def test_a_follow_up_is_answered_from_the_dish_at_hand() -> None:
    kitchen = Kitchen()
    events = await kitchen.events(Turn("要多少冰糖", after(ASKED_PORK)))
    assert shape(events) == ["rewrite>", "rewrite<", "generate>", "…", "generate<", "text!", "done"]
    reply = await kitchen.reply(Turn("要多少冰糖", after(ASKED_PORK)))
    assert "25克" in reply.text
    assert (reply.recipe, reply.shows_recipe, reply.lead, reply.picture) == (BRAISED_PORK, False, "", None)
    assert reply.query == "红烧肉怎么做"
    assert kitchen.retriever.searches == []


async def test_a_rewritten_question_is_what_is_searched_and_remembered() -> None:
    kitchen = Kitchen()
    kitchen.rewriter.understanding = Understanding(AmountOf("盐"), query="番茄炒蛋怎么做")
    reply = await kitchen.reply(Turn("那第一道呢", after(ASKED_PORK)))
    assert (reply.recipe, reply.query) == (TOMATO_EGGS, "番茄炒蛋怎么做")
    assert "3克" in reply.text


async def test_what_is_not_known_is_refused_with_the_nearest_dishes() -> None:
    kitchen = Kitchen()
    kitchen.retriever.nearest = (BRAISED_PORK,)
    events = await kitchen.events(Turn("红烧恐龙怎么做", after(("番茄炒蛋", TOMATO_EGGS, "番茄炒蛋怎么做"))))
    assert shape(events) == ["rewrite>", "rewrite<", "retrieve>", "retrieve<", "…", "text!", "done"]
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    reply = finished.reply
    assert (reply.refused, reply.recipe, reply.query, reply.picture) == (True, None, "", None)
    assert reply.text == streamed(events)
    assert "红烧肉" in reply.text
    assert [button.message for button in reply.buttons] == ["红烧肉怎么做"]


async def test_thanks_get_an_answer_and_no_dishes() -> None:
    kitchen = Kitchen()
    kitchen.retriever.nearest = (BRAISED_PORK,)
    reply = await kitchen.reply("谢谢")
    assert (reply.refused, reply.buttons) == (True, ())
    assert reply.text.startswith("不客气")


async def test_another_dish_leaves_out_what_was_shown() -> None:
    kitchen = Kitchen()
    query = "鸡蛋和番茄能做什么"
    reply = await kitchen.reply(Turn("换一道", after((query, TOMATO_EGGS, query))))
    assert (reply.recipe, reply.query, reply.shows_recipe) == (EGG_SOUP, query, True)
    assert kitchen.retriever.searches[-1].exclude == {TOMATO_EGGS.recipe_id}


async def test_when_every_dish_was_shown_another_one_is_refused_in_plain_words() -> None:
    query = "鸡蛋和番茄能做什么"
    shown = after((query, TOMATO_EGGS, query), ("换一道", EGG_SOUP, query))
    reply = await Kitchen().reply(Turn("换一道", shown))
    assert (reply.refused, reply.recipe) == (True, None)
    assert reply.text.startswith("没有别的了")


@pytest.mark.parametrize("question", ["要放多少盐", "换一道", "第三步再说一遍", "改成四人份"])
async def test_a_question_about_no_dish_is_asked_back(question: str) -> None:
    kitchen = Kitchen()
    events = await kitchen.events(question)
    assert shape(events) == ["rewrite>", "rewrite<", "generate>", "…", "generate<", "text!", "done"]
    reply = await kitchen.reply(question)
    assert (reply.refused, reply.recipe, reply.query, reply.shows_recipe) == (True, None, "", False)
    assert "哪道菜" in reply.text
    assert kitchen.retriever.searches == []


def amounts(recipe: Recipe | None) -> dict[str, str]:
    assert recipe is not None
    return {ingredient.name: ingredient.amount for ingredient in recipe.ingredients}


async def test_a_named_dish_is_scaled() -> None:
    kitchen = Kitchen()
    reply = await kitchen.reply("四人份的红烧肉怎么做")
    assert reply.recipe is not None
    assert reply.recipe.servings == 4
    assert amounts(reply.recipe)["五花肉"] == "1000克"
    assert kitchen.illustrator is not None
    assert kitchen.illustrator.drawn == [reply.recipe]


async def test_scaling_again_starts_from_the_original_and_not_from_rounded_amounts() -> None:
    kitchen = Kitchen()
    remembered = Recipe.from_dict(BRAISED_PORK.scaled(3).to_dict())
    twice_rounded = remembered.scaled(6)
    conversation = after(ASKED_PORK, ("改成三人份", remembered, "红烧肉怎么做"))
    events = await kitchen.events(Turn("改成六人份", conversation))
    assert shape(events) == ILLUSTRATED
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert amounts(finished.reply.recipe) == amounts(BRAISED_PORK.scaled(6))
    assert amounts(finished.reply.recipe) != amounts(twice_rounded)
    assert "从 2 人份换算成 6 人份" in finished.reply.text


async def test_the_search_for_the_original_repeats_the_one_that_found_it() -> None:
    kitchen = Kitchen()
    query = "鸡蛋和番茄能做什么"
    shown = after((query, TOMATO_EGGS, query), ("换一道", EGG_SOUP, query))
    reply = await kitchen.reply(Turn("改成四人份", shown))
    assert kitchen.retriever.searches == [RecordedSearch(query, 5, frozenset({TOMATO_EGGS.recipe_id}))]
    assert (reply.recipe, reply.query) == (EGG_SOUP.scaled(4), query)


async def test_back_to_the_original_servings_is_the_original() -> None:
    conversation = after(ASKED_PORK, ("改成三人份", BRAISED_PORK.scaled(3), "红烧肉怎么做"))
    reply = await Kitchen().reply(Turn("改成两人份", conversation))
    assert reply.recipe == BRAISED_PORK


@pytest.mark.parametrize("known", [(), (TOMATO_EGGS,)])
async def test_a_dish_that_the_index_lost_is_scaled_as_it_is_remembered(known: tuple[Recipe, ...]) -> None:
    kitchen = Kitchen()
    kitchen.retriever.answers = {"红烧肉怎么做": known}
    reply = await kitchen.reply(Turn("改成四人份", after(ASKED_PORK)))
    assert reply.recipe == BRAISED_PORK.scaled(4)


async def test_without_the_index_nothing_is_rewritten_or_searched_and_no_recipe_is_used() -> None:
    answerer = ScriptedAnswerer("凭经验，", "炖一小时。")
    kitchen = Kitchen(answerer)
    turn = Turn("要炖多久", after(ASKED_PORK), Preferences(rag=False))
    events = await kitchen.events(turn)
    assert shape(events) == ["generate>", "…", "generate<", "text!", "done"]
    reply = await kitchen.reply(turn)
    assert (reply.text, reply.recipe, reply.refused, reply.query) == ("凭经验，炖一小时。", None, False, "")
    assert answerer.requests[0].recipe is None
    assert kitchen.rewriter.turns == []


async def test_without_index_and_model_the_bot_says_so() -> None:
    reply = await Kitchen().reply(Turn("红烧肉怎么做", preferences=Preferences(rag=False)))
    assert "LLM_BACKEND=openai" in reply.text
    assert reply.refused is False


@pytest.mark.parametrize("has_illustrator", [True, False])
async def test_no_picture_is_drawn_when_none_is_wanted_or_none_can_be(has_illustrator: bool) -> None:
    kitchen = Kitchen()
    if not has_illustrator:
        kitchen.illustrator = None
    events = await kitchen.events(Turn("红烧肉怎么做", preferences=Preferences(image=not has_illustrator)))
    assert shape(events) == [*ILLUSTRATED[:-3], "done"]
    assert kitchen.illustrator is None or kitchen.illustrator.drawn == []


async def test_only_the_composers_own_words_can_be_replaced_by_a_card() -> None:
    reply = await Kitchen(ScriptedAnswerer("根据菜谱，", "先焯水。")).reply("红烧肉怎么做")
    assert (reply.shows_recipe, reply.lead) == (True, "")


async def test_a_restart_drops_what_was_streamed() -> None:
    kitchen = Kitchen(ScriptedAnswerer("模型说到一", TextDelta("菜谱说：", restart=True), "炖一小时。"))
    events = await kitchen.events("红烧肉怎么做")
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert finished.reply.text == streamed(events) == "菜谱说：炖一小时。"


async def test_the_answer_gets_the_other_hits_as_alternatives() -> None:
    answerer = ScriptedAnswerer("好")
    await Kitchen(answerer).events("鸡蛋和番茄能做什么")
    request = answerer.requests[0]
    assert request.recipe == TOMATO_EGGS
    assert [hit.recipe for hit in request.alternatives] == [TOMATO_EGGS, EGG_SOUP]


async def test_the_picture_is_begun_before_the_text_and_never_waited_for_by_it() -> None:
    kitchen = Kitchen(ScriptedAnswerer("一", "二"))
    illustrator = kitchen.illustrator
    assert illustrator is not None
    illustrator.gate = asyncio.Event()
    seen = []
    async with aclosing(kitchen.pipeline().run(Turn("红烧肉怎么做"))) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, TextDelta):
                await illustrator.started.wait()  # it is being drawn while the text is still coming
            if isinstance(event, TextFinished):
                illustrator.gate.set()
    assert shape(seen) == ILLUSTRATED
    durations = {event.stage: event.duration_ms for event in seen if isinstance(event, StageFinished)}
    assert durations[Stage.ILLUSTRATE] > 0


async def test_steps_of_the_picture_are_told_after_the_text_and_the_latest_only() -> None:
    kitchen = Kitchen()
    assert kitchen.illustrator is not None
    kitchen.illustrator.steps = 3
    kitchen.illustrator.gate = asyncio.Event()
    seen: list[ReplyEvent] = []
    async with aclosing(kitchen.pipeline().run(Turn("红烧肉怎么做"))) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, StageProgress):
                kitchen.illustrator.gate.set()
    assert shape(seen)[-5:] == ["text!", "illustrate>", "illustrate 3/3", "illustrate<", "done"]


async def test_steps_that_nobody_waits_for_any_more_end_with_the_picture() -> None:
    kitchen = Kitchen()
    assert kitchen.illustrator is not None
    kitchen.illustrator.steps = 2
    kitchen.illustrator.failure = IllustrationError("no paint")
    assert shape(await kitchen.events("红烧肉怎么做"))[-2:] == ["no picture: illustrate", "done"]


async def test_a_question_that_finds_no_dish_is_about_the_dish_at_hand() -> None:
    kitchen = Kitchen()
    reply = await kitchen.reply(Turn("冰糖炒到什么程度算好", after(ASKED_PORK)))
    assert [search.query for search in kitchen.retriever.searches] == ["冰糖炒到什么程度算好"]
    assert (reply.recipe, reply.refused, reply.query) == (BRAISED_PORK, False, "红烧肉怎么做")


async def test_a_dish_that_is_gone_back_to_keeps_the_question_that_found_it() -> None:
    kitchen = Kitchen()
    turn = Turn("说回红烧肉，放几克冰糖", after(ASKED_PORK, ("番茄炒蛋", TOMATO_EGGS, "番茄炒蛋怎么做")))
    reply = await kitchen.reply(turn)
    assert (reply.recipe, reply.query, kitchen.retriever.searches) == (BRAISED_PORK, "红烧肉怎么做", [])
