"""What both chat platforms do alike: real channel, SDK and inbox against the platform's fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.messages import Button, Reply, ReplyFinished, TextFinished
from tests.contracts.channels import FeishuSide, Side, living, side
from tests.fakes.scripted_handler import (
    TOMATO_EGGS,
    ScriptedHandler,
    draw_picture,
    gated_answer,
    plain_answer,
    recipe_answer,
)

MARKDOWN = (
    "## 标题\n\n**粗体没有关上，`代码`、[链接](http://x、_斜_ > 1 < 2 & ~~删~~ | 表 |\n1. *一\n```\n围栏\n"
)

LONG = (MARKDOWN * 200)[:9000].strip()
RETRY_AFTER_SECONDS = 1


@pytest.fixture(params=["telegram", "feishu"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with side(request.param) as started:
        yield started


async def test_a_private_question_is_answered(people: Side, tmp_path: Path) -> None:
    async with living(people, tmp_path) as life:
        await people.say("红烧肉怎么做")
        await life.has_answered(1)
    assert people.heard() == ["收到：红烧肉怎么做"]


async def test_in_a_group_only_who_mentions_the_bot_is_answered(people: Side, tmp_path: Path) -> None:
    async with living(people, tmp_path) as life:
        await people.chat_in_group("今晚吃什么")
        await people.ask_in_group("红烧肉怎么做")
        await life.has_answered(1)
    assert [message.text for message in life.handler.handled] == ["红烧肉怎么做"]
    assert people.heard(group=True) == ["收到：红烧肉怎么做"]


async def test_a_recipe_comes_with_its_picture(people: Side, tmp_path: Path) -> None:
    handler = ScriptedHandler()
    handler.scripts["番茄炒蛋"] = recipe_answer(TOMATO_EGGS, draw_picture(tmp_path))
    async with living(people, tmp_path, handler) as life:
        await people.say("番茄炒蛋")
        await life.has_answered(1)
    [recipe] = people.heard()
    assert [step for step in TOMATO_EGGS.steps if step not in recipe] == []
    assert people.captions() == ["番茄炒蛋"]


async def test_a_long_answer_arrives_whole(people: Side, tmp_path: Path) -> None:
    handler = ScriptedHandler()
    handler.scripts["长"] = plain_answer(LONG)
    async with living(people, tmp_path, handler) as life:
        await people.say("长")
        await life.has_answered(1)
    assert "".join("".join(people.heard()).split()) == "".join(LONG.split())


@pytest.mark.parametrize("group", [False, True], ids=["private", "group"])
async def test_an_answer_is_seen_while_it_is_made(people: Side, tmp_path: Path, group: bool) -> None:
    handler, gate = ScriptedHandler(), asyncio.Event()
    handler.scripts["慢"] = gated_answer(gate, "和结尾")
    async with living(people, tmp_path, handler) as life:
        await (people.ask_in_group("慢") if group else people.say("慢"))
        await people.sees("开头", group=group)
        gate.set()
        await life.has_answered(1)
    assert people.heard(group=group) == ["开头和结尾"]


async def test_a_pressed_button_says_its_message(people: Side, tmp_path: Path) -> None:
    handler = ScriptedHandler()
    reply = Reply("好", buttons=(Button("下一步", "下一步怎么做"),))
    handler.scripts["红烧肉"] = [TextFinished(reply), ReplyFinished(reply)]
    async with living(people, tmp_path, handler) as life:
        await people.say("红烧肉")
        await life.has_answered(1)
        await people.press("下一步")
        await life.has_answered(2)
    assert [message.text for message in handler.handled] == ["红烧肉", "下一步怎么做"]
    assert people.heard()[-1] == "收到：下一步怎么做"


async def test_too_many_requests_are_waited_out(people: Side, tmp_path: Path) -> None:
    people.refuse_once(RETRY_AFTER_SECONDS)
    async with living(people, tmp_path) as life:
        await people.say("红烧肉")
        await life.has_answered(1)
    first, second = people.attempts()
    assert second - first >= RETRY_AFTER_SECONDS
    assert people.heard() == ["收到：红烧肉"]


async def test_an_event_that_comes_again_is_answered_once(people: Side, tmp_path: Path) -> None:
    async with living(people, tmp_path) as life:
        event = await people.say("红烧肉")
        await life.has_answered(1)
        await people.deliver_again(event)
        await life.has_answered(2)
    async with living(people, tmp_path) as life:
        await people.deliver_again(event)
        await life.has_answered(1)
    assert people.heard() == ["收到：红烧肉"]


async def test_an_answer_whose_receipt_was_lost(people: Side, tmp_path: Path) -> None:
    """Executed, and the connection broke: doubled only where the platform knows no idempotency keys."""
    people.lose_an_answer()
    async with living(people, tmp_path) as life:
        await people.say("红烧肉")
        await life.has_answered(1)
    assert people.heard() == ["收到：红烧肉"] * (1 if people.has_idempotency_keys else 2)


async def test_a_dropped_connection_is_made_again(people: Side, tmp_path: Path) -> None:
    async with living(people, tmp_path) as life:
        await people.say("红烧肉")
        await life.has_answered(1)
        await people.drop_connection()
        await people.say("拍黄瓜")
        await life.has_answered(2)
    assert people.heard() == ["收到：红烧肉", "收到：拍黄瓜"]


async def test_a_half_open_socket_is_noticed(tmp_path: Path) -> None:
    """Only Feishu keeps a socket; a poll of Telegram's ends by itself."""
    async with side("feishu") as people, living(people, tmp_path) as life:
        assert isinstance(people, FeishuSide)
        pushes = people.server.pushes
        pushes.ack_seconds = 0.1
        [silent] = pushes.connections
        silent.silent = True
        await people.say("红烧肉")
        await pushes.wait_for_connections(ever=2)
        await life.has_answered(1)
    assert people.heard() == ["收到：红烧肉"]


async def test_a_stop_parks_and_the_next_start_goes_on_in_order(people: Side, tmp_path: Path) -> None:
    interrupted = ScriptedHandler()
    interrupted.scripts["一"] = gated_answer(asyncio.Event(), "从不")
    async with living(people, tmp_path, interrupted, grace_seconds=0.05) as life:
        for number, text in enumerate(("一", "二", "三"), start=1):
            await people.say(text)
            await life.has_taken(number)
    assert [message.text for message in interrupted.handled] in (["一"], [])
    assert "收到：二" not in people.heard()
    async with living(people, tmp_path) as life:
        await life.inbox.drained()
    assert people.heard() == ["收到：一", "收到：二", "收到：三"]


@pytest.mark.parametrize("group", [False, True], ids=["private", "group"])
async def test_an_answer_cut_while_it_was_seen_becomes_whole_where_it_was(
    people: Side, tmp_path: Path, group: bool
) -> None:
    """Also when the second attempt takes long enough to be shown, while others are answered."""
    handler, gate = ScriptedHandler(), asyncio.Event()
    handler.scripts["慢"] = gated_answer(gate, "和结尾")
    async with living(people, tmp_path, handler, grace_seconds=0.05):
        await (people.ask_in_group("慢") if group else people.say("慢"))
        await people.sees("开头", group=group)
    async with living(people, tmp_path, handler) as life:
        await (people.say("快") if group else people.ask_in_group("快"))
        await people.reads("收到：快", group=not group)
        gate.set()
        await life.inbox.drained()
    assert people.heard(group=group) == ["开头和结尾"]
