"""What /stop found unfinished is not begun again after a kill: the order to stop is a stored message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from bot.inbox import Inbox
from bot.unfinished_answers import UnfinishedAnswers
from core.messages import IncomingMessage, Reply, ReplyEvent, ReplyFinished, TextFinished
from core.stopping import STOPPED
from tests.bot.inbox_bench import LIMITS, bench, database_url, message, sorry
from tests.fakes.recording_channel import RecordingChannel
from tests.fakes.scripted_handler import ScriptedHandler, gated_answer


class Heeding:
    """A `bot.message_handler.MessageHandler` that says of each message whether it was to be stopped."""

    def __init__(self, unfinished: UnfinishedAnswers) -> None:
        self._unfinished = unfinished

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        is_stopped = self._unfinished.signal_of(message).is_requested
        reply = Reply(STOPPED if is_stopped else f"收到：{message.text}")
        yield TextFinished(reply)
        yield ReplyFinished(reply)


async def test_a_stop_is_remembered_over_a_restart(tmp_path: Path) -> None:
    deaf = ScriptedHandler()
    deaf.scripts["一"] = gated_answer(asyncio.Event(), "从不")
    async with bench(tmp_path, handler=deaf, grace_seconds=0.01) as b:
        await b.accept("一", "二", "/stop", "三")
        await b.inbox.accept(message("四", chat_id="2"))
    unfinished, channel = UnfinishedAnswers(), RecordingChannel()
    inbox = Inbox(
        Heeding(unfinished),
        {channel.name: channel},
        database_url(tmp_path),
        sorry,
        limits=LIMITS,
        unfinished=unfinished,
    )
    await inbox.start()
    await inbox.drained()
    await inbox.stop()
    assert channel.texts("1") == [STOPPED, STOPPED, "收到：/stop", "收到：三"]
    assert unfinished.stop(message("一").chat, message("一").user) == 0
