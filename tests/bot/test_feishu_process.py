"""The fake Feishu as a process of its own, as the whole-process suites use it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.delivery import Channel
from bot.feishu_channel import FeishuChannel
from core.messages import Reply
from tests.bot.feishu_bench import QUICK, Inbox
from tests.fakes.feishu_world import APP_ID, APP_SECRET


@asynccontextmanager
async def fake_process() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.feishu_server", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.communicate()


async def test_a_question_is_put_and_answered_by_the_control_api() -> None:
    async with fake_process() as domain, aiohttp.ClientSession(domain) as session:

        async def control(path: str, body: Any = None) -> Any:
            method = "GET" if body is None else "POST"
            async with session.request(method, f"/control/{path}", json=body) as response:
                return await response.json()

        channel: Channel = FeishuChannel(APP_ID, APP_SECRET, domain, options=QUICK)
        inbox = Inbox()
        await channel.start(inbox.accept)
        await control("settings", {"retry_seconds": [0.01] * 10})
        event = await control("do", {"what": "group_text", "text": "{0} 红烧肉怎么做", "chat": "oc_1"})
        await control("again", {"event": event})
        [message] = await inbox.first()
        await control("fail", {"operation": "reply", "kind": "drop_after"})
        await channel.deliver_text(message, Reply("小火慢炖。"), key="k1")
        [sent] = await control("sent")
        assert (sent["text"], sent["chat_id"], sent["reply_to"]) == ("小火慢炖。", "oc_1", message.message_id)
        pushes = await control("pushes")
        assert {push["event_id"] for push in pushes} == {event["header"]["event_id"]}
        await control("connections", {"do": "close"})
        await control("do", {"what": "private_text", "text": "还在吗"})
        assert [item.text for item in await inbox.first(2)][1] == "还在吗"
        await channel.stop()


async def test_feishu_is_imported_without_its_sdk() -> None:
    code = "import sys, bot.feishu_channel; print('lark_oapi' in sys.modules, 'websockets' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().split() == ["False", "False"]
