"""The inbox while it runs: once, in order, several at a time; what fails, what is stopped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.inbox import Help
from core.errors import (
    ChannelError,
    ChannelGoneError,
    GenerationError,
    ModelUnavailableError,
    StorageError,
)
from core.messages import Reply, ReplyFinished, Stage, StageStarted, TextDelta, TextFinished, VoiceClip
from tests.bot.inbox_bench import LIMITS, bench, message
from tests.fakes.scripted_handler import (
    TOMATO_EGGS,
    ScriptedHandler,
    Step,
    draw_picture,
    gated_answer,
    recipe_answer,
)


async def test_answers_in_order_within_a_chat(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.accept(*(str(n) for n in range(12)))
        await b.done()
        assert b.channel.texts() == [f"收到：{n}" for n in range(12)]
        assert len({delivery.key for delivery in b.channel.sent}) == 12


async def test_orders_simultaneous_accepts_as_they_were_called(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await asyncio.gather(*(b.inbox.accept(message(str(n))) for n in range(12)))
        await b.done()
        assert b.channel.texts() == [f"收到：{n}" for n in range(12)]


async def test_a_waiting_chat_holds_up_no_other(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        gate = asyncio.Event()
        b.handler.scripts["慢"] = gated_answer(gate, "完")
        await b.accept("慢", "后", chat_id="1")
        await b.accept("快", chat_id="2")
        await b.channel.arrived(1)
        assert b.channel.texts() == ["收到：快"]
        gate.set()
        await b.done()
        assert b.channel.texts("1") == ["开头完", "收到：后"]


async def test_what_a_kill_left_is_answered_even_before_its_channel_is_connected(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.channel.is_connected = False
        await b.accept("一")
        await b.done()
        assert b.channel.texts() == ["收到：一"]
        assert b.channel.drafts == {}


async def test_answers_only_so_many_at_once(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=replace(LIMITS, concurrent_answers=2)) as b:
        gate = asyncio.Event()
        b.handler.scripts["慢"] = gated_answer(gate, "完")
        for chat in range(4):
            await b.inbox.accept(message("慢", chat_id=str(chat)))
        async with asyncio.timeout(10):
            while len(b.handler.handled) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert len(b.handler.handled) == 2
        gate.set()
        await b.done()
        assert b.channel.texts() == ["开头完"] * 4


async def test_a_repeated_delivery_is_answered_once_even_after_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.accept("一", "一")
        await b.done()
        await b.accept("一")
        await b.inbox.accept(message("一", chat_id="2"))
        await b.done()
        assert len(b.channel.sent) == 2
        assert (b.inbox.counts["accepted"], b.inbox.counts["duplicates"]) == (2, 2)
    async with bench(tmp_path) as b:
        await b.accept("一", "二")
        await b.done()
        assert b.channel.texts() == ["收到：二"]


async def test_shows_the_draft_and_closes_it_before_delivering(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        closed_first: list[bool] = []
        b.channel.on_sent = lambda _: closed_first.append(b.channel.drafts["你好"].closed)
        await b.accept("你好")
        await b.done()
        assert b.channel.drafts["你好"].shown[0] == TextDelta("收到：你好")
        assert closed_first == [True]


async def test_delivers_the_text_before_the_picture_is_drawn(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        gate = asyncio.Event()
        text, picture = Reply("做法", recipe=TOMATO_EGGS), draw_picture(tmp_path)
        b.handler.scripts["菜"] = [
            TextFinished(text),
            StageStarted(Stage.ILLUSTRATE),
            gate,
            ReplyFinished(replace(text, picture=picture)),
        ]
        await b.accept("菜")
        await b.channel.arrived(1)
        assert b.channel.texts() == ["做法"]
        gate.set()
        await b.done()
        assert [(d.text, d.picture) for d in b.channel.sent[1:]] == [("番茄炒蛋", picture)]


async def test_delivers_a_whole_recipe_with_its_picture(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.handler.scripts["菜"] = recipe_answer(TOMATO_EGGS, draw_picture(tmp_path))
        await b.accept("菜")
        await b.done()
        assert [bool(d.picture) for d in b.channel.sent] == [False, True]
        assert b.inbox.counts["picture_sent"] == 1


async def test_an_answer_is_read_aloud_after_its_picture(tmp_path: Path) -> None:
    clip = VoiceClip(b"OggS", 1200)
    read: list[Reply] = []

    async def narrate(reply: Reply) -> VoiceClip:
        read.append(reply)
        return clip

    async with bench(tmp_path, help_=Help(narrate=narrate)) as b:
        events = recipe_answer(TOMATO_EGGS, draw_picture(tmp_path))
        b.handler.scripts["菜"] = [aloud(event) for event in events]
        await b.accept("菜", "汤")
        await b.done()
        first = b.channel.sent[0].message_id
        about_dish = [d for d in b.channel.sent if d.message_id == first]
        assert [(bool(d.picture), d.clip) for d in about_dish] == [(False, None), (True, None), (False, clip)]
        assert about_dish[-1].key.endswith("-voice")
        assert [reply.recipe for reply in read] == [TOMATO_EGGS]
        assert b.inbox.counts["voice_sent"] == 1


async def test_an_answer_that_cannot_be_read_aloud_stands(tmp_path: Path) -> None:
    async def narrate(_reply: Reply) -> VoiceClip:
        raise ModelUnavailableError("the voice is gone")

    async with bench(tmp_path, help_=Help(narrate=narrate)) as b:
        b.handler.scripts["菜"] = [aloud(event) for event in recipe_answer(TOMATO_EGGS)]
        await b.accept("菜")
        await b.done()
        assert [d.clip for d in b.channel.sent] == [None]


def aloud(event: Step) -> Step:
    """The same event, its reply to be read aloud."""
    if isinstance(event, TextFinished | ReplyFinished):
        return replace(event, reply=replace(event.reply, read_aloud=True))
    return event


async def test_a_text_stands_when_its_picture_is_late(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=replace(LIMITS, picture_seconds=0.01)) as b:
        b.handler.scripts["菜"] = [
            TextFinished(Reply("做法")),
            StageStarted(Stage.ILLUSTRATE),
            asyncio.Event(),
        ]
        await b.accept("菜", "后")
        await b.done()
        assert b.channel.texts() == ["做法", "收到：后"]
        assert b.handler.cancelled == ["菜"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(GenerationError("no words"), "抱歉：generate"), (ValueError("番茄炒蛋"), "抱歉：internal")],
)
async def test_a_failing_handler_becomes_an_apology(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    async with bench(tmp_path) as b:
        b.handler.scripts["坏"] = [TextDelta("开头"), error]
        await b.accept("坏", "好")
        await b.done()
        assert b.channel.texts() == [said, "收到：好"]
    assert "番茄炒蛋" not in caplog.text


async def test_an_answer_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=replace(LIMITS, answer_seconds=0.05)) as b:
        b.handler.scripts["慢"] = gated_answer(asyncio.Event(), "完")
        await b.accept("慢", "好")
        await b.done()
        assert b.channel.texts() == ["抱歉：internal", "收到：好"]
        assert b.handler.cancelled == ["慢"]


async def test_nothing_to_say_is_not_delivered(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.handler.scripts["嘘"] = [ReplyFinished(Reply(""))]
        await b.accept("嘘", "好")
        await b.done()
        assert b.channel.texts() == ["收到：好"]


async def test_a_delivery_is_tried_again_under_the_same_key(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.channel.failures = [ChannelError("busy", retryable=True)] * 3
        await b.accept("一", "二")
        await b.done()
        assert b.channel.texts() == ["收到：一", "收到：二"]
        assert list(b.channel.attempts.values()) == [4, 1]


async def test_a_delivery_that_hangs_is_tried_again(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=replace(LIMITS, delivery_seconds=0.05)) as b:
        b.channel.gate = asyncio.Event()
        await b.accept("一")
        async with asyncio.timeout(10):
            while b.inbox.counts["retries"] < 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
        b.channel.gate.set()
        await b.done()
        assert b.channel.texts() == ["收到：一"]


async def test_a_delivery_gives_up_when_the_message_is_old(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=replace(LIMITS, delivery_max_age=timedelta(0))) as b:
        b.channel.failures = [ChannelError("busy", retryable=True)]
        await b.accept("一", "二")
        await b.done()
        assert b.channel.texts() == ["收到：二"]
        assert b.inbox.counts["text_expired"] == 1


async def test_a_chat_that_is_gone_is_left_alone(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.handler.scripts["菜"] = recipe_answer(TOMATO_EGGS, draw_picture(tmp_path))
        b.channel.failures = [ChannelGoneError("blocked")]
        await b.accept("菜")
        await b.done()
        assert (b.channel.sent, b.channel.attempts) == ([], dict.fromkeys(b.channel.attempts, 1))
        assert b.inbox.counts["text_gone"] == 1


@pytest.mark.parametrize("error", [ChannelError("bad card"), KeyError("bug")])
async def test_an_answer_that_the_platform_refuses_becomes_an_apology(
    tmp_path: Path, error: Exception
) -> None:
    async with bench(tmp_path) as b:
        b.channel.failures = [error]
        await b.accept("一", "二")
        await b.done()
        code = "channel" if isinstance(error, ChannelError) else "internal"
        assert b.channel.texts() == [f"抱歉：{code}", "收到：二"]


async def test_work_for_a_channel_that_was_removed_is_dropped(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.inbox.accept(message("一", channel="feishu"))
        await b.done()
        assert (b.channel.sent, b.inbox.counts["text_no_channel"]) == ([], 1)


async def test_accepts_nothing_while_it_does_not_run(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        pass
    with pytest.raises(StorageError) as caught:
        await b.inbox.accept(message("一"))
    assert caught.value.retryable


async def test_stopping_lets_a_running_answer_finish(tmp_path: Path) -> None:
    handler, gate = ScriptedHandler(), asyncio.Event()
    handler.scripts["慢"] = gated_answer(gate, "完")
    async with bench(tmp_path, handler=handler) as b:
        await b.accept("慢", "后")
        async with asyncio.timeout(10):
            while not handler.handled:  # noqa: ASYNC110
                await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert b.channel.texts() == ["开头完"]
    async with bench(tmp_path) as b:
        await b.done()
        assert b.channel.texts() == ["收到：后"]


async def test_stopping_parks_what_does_not_end_in_time(tmp_path: Path) -> None:
    handler = ScriptedHandler()
    handler.scripts["慢"] = gated_answer(asyncio.Event(), "完")
    begun = datetime.now(UTC)
    async with bench(tmp_path, handler=handler, grace_seconds=0.1) as b:
        await b.accept("慢", "后")
        async with asyncio.timeout(10):
            while not handler.handled:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert (b.channel.sent, handler.cancelled) == ([], ["慢"])
    assert datetime.now(UTC) - begun < timedelta(seconds=10)
    async with bench(tmp_path) as b:
        await b.done()
        assert b.channel.texts() == ["收到：慢", "收到：后"]


async def test_stopping_parks_a_delivery_that_waits_for_its_next_try(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=replace(LIMITS, first_retry_seconds=600), grace_seconds=5) as b:
        b.channel.failures = [ChannelError("busy", retryable=True)]
        await b.accept("一")
        async with asyncio.timeout(10):
            while not b.inbox.counts["retries"]:  # noqa: ASYNC110
                await asyncio.sleep(0)
    async with bench(tmp_path) as b:
        await b.done()
        assert b.channel.texts() == ["收到：一"]
        assert b.handler.handled == []
