"""What is found at the next start: steps that were cut short, pictures that nobody draws any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.inbox import Help
from core.messages import IncomingMessage, Picture, Reply, Stage, StageStarted, TextFinished
from core.recipe import Recipe
from tests.bot.inbox_bench import bench
from tests.fakes.recording_channel import Delivery, RecordingChannel
from tests.fakes.scripted_handler import TOMATO_EGGS, ScriptedHandler, draw_picture


async def begun(handler: ScriptedHandler) -> None:
    async with asyncio.timeout(10):
        while not handler.handled:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_an_answer_that_was_cut_short_is_retracted_before_it_is_made_again(tmp_path: Path) -> None:
    retracted: list[str] = []

    async def retract(message: IncomingMessage) -> None:
        retracted.append(message.message_id)

    handler = ScriptedHandler()
    handler.scripts["一"] = [asyncio.Event()]
    async with bench(tmp_path, handler=handler, grace_seconds=0, help_=Help(retract=retract)) as b:
        await b.accept("一", "二")
        await begun(handler)
    assert retracted == []
    async with bench(tmp_path, help_=Help(retract=retract)) as b:
        await b.done()
        assert b.channel.texts() == ["收到：一", "收到：二"]
    assert retracted == ["一"]


async def test_a_delivery_cut_before_its_record_arrives_twice_under_one_key(tmp_path: Path) -> None:
    channel = RecordingChannel()

    def cut(_: Delivery) -> None:
        raise asyncio.CancelledError

    channel.on_sent = cut
    async with bench(tmp_path, channel=channel, grace_seconds=0) as b:
        await b.accept("一")
        await channel.arrived(1)
    async with bench(tmp_path) as b:
        await b.done()
        assert b.handler.handled == []
        assert b.channel.sent == channel.sent


async def test_a_picture_whose_handler_is_gone_is_drawn_anew(tmp_path: Path) -> None:
    picture = draw_picture(tmp_path)
    drawn: list[Recipe] = []

    async def redraw(recipe: Recipe) -> Picture:
        drawn.append(recipe)
        return picture

    handler = ScriptedHandler()
    text = Reply("做法", recipe=TOMATO_EGGS, shows_recipe=True)
    handler.scripts["菜"] = [TextFinished(text), StageStarted(Stage.ILLUSTRATE), asyncio.Event()]
    async with bench(tmp_path, handler=handler, grace_seconds=0) as b:
        await b.accept("菜")
        await b.channel.arrived(1)
        # The picture step begins once the text step is stored.
        async with asyncio.timeout(10):
            while not b.inbox.counts["pictures_awaited"]:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert b.channel.texts() == ["做法"]
    async with bench(tmp_path, help_=Help(redraw=redraw)) as b:
        await b.done()
        assert [(d.text, d.picture) for d in b.channel.sent] == [("番茄炒蛋", picture)]
    assert [recipe.name for recipe in drawn] == ["番茄炒蛋"]


async def test_three_lives_in_a_row(tmp_path: Path) -> None:
    for life in range(3):
        async with bench(tmp_path) as b:
            await b.accept(f"{life}a", f"{life}b")
            await b.done()
            assert b.channel.texts() == [f"收到：{life}a", f"收到：{life}b"]


async def test_backlog_of_many_chats_is_worked_off_at_the_next_start(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.gate = asyncio.Event()
    async with bench(tmp_path, channel=channel, grace_seconds=0) as b:
        for chat in range(6):
            await b.accept("一", "二", chat_id=str(chat))
    async with bench(tmp_path) as b:
        await b.done()
        for chat in range(6):
            assert b.channel.texts(str(chat)) == ["收到：一", "收到：二"]
