"""A Feishu channel and the platform it talks to, with every time made short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.feishu_channel import FeishuChannel
from bot.feishu_draft import DraftPace
from bot.feishu_http import Patience
from bot.feishu_long_connection import ConnectionLimits
from bot.feishu_options import FeishuOptions
from bot.feishu_pacing import FeishuLimits
from bot.feishu_webhook import WEBHOOK_PATH
from core.messages import Button, ChatKey, IncomingMessage, Reply, UserKey
from core.recipe import Recipe
from tests.fakes.feishu_events import ALICE, ALICES_CHAT
from tests.fakes.feishu_limits import Json
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_world import APP_ID, APP_SECRET, ENCRYPT_KEY, VERIFICATION_TOKEN, UserMessage

UNPACED = FeishuLimits(chat_per_second=1000, calls_per_second=10_000, calls_per_minute=100_000)
QUICK = FeishuOptions(
    connection=ConnectionLimits(
        silence_seconds=10.0, accept_seconds=0.5, first_backoff_seconds=0.02, stop_seconds=1.0
    ),
    draft=DraftPace(delay_seconds=0.0, interval_seconds=0.11),
    limits=UNPACED,
    patience=Patience(attempts=3, wait_seconds=5.0, backoff_seconds=0.01),
    request_timeout_seconds=5.0,
)

RECIPE = Recipe.from_dict(
    {
        "name": "红烧肉",
        "cuisine": "本帮菜",
        "servings": 2,
        "minutes": 60,
        "difficulty": 2,
        "allergens": ["大豆"],
        "source": "家常菜谱",
        "tips": ["先焯水"],
        "ingredients": [{"name": "五花肉", "amount": "500克"}, {"name": "盐", "amount": "适量"}],
        "steps": ["五花肉切块。", "小火炖一小时。"],
    }
)


WITH_BUTTON = Reply("好", buttons=(Button("下一步", "下一步怎么做"),))


@dataclass
class Inbox:
    """Keeps what was accepted, as the durable inbox does: each message once."""

    messages: dict[tuple[str, str], IncomingMessage] = field(default_factory=dict)
    calls: int = 0
    before: Callable[[IncomingMessage], Awaitable[None]] | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self, message: IncomingMessage) -> None:
        self.calls += 1
        if self.before is not None:
            await self.before(message)
        self.messages.setdefault((message.chat.chat_id, message.message_id), message)
        async with self.changed:
            self.changed.notify_all()

    async def first(self, count: int = 1) -> list[IncomingMessage]:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.messages) >= count)
        return list(self.messages.values())


@dataclass
class Bench:
    """What a test works with."""

    server: FeishuServer
    channel: FeishuChannel
    inbox: Inbox

    def message(self, text: str = "红烧肉怎么做", **changes: Any) -> IncomingMessage:
        """A message of Alice's that exists on the platform and was not pushed."""
        message_id = self.server.world.new_id("om")
        message = IncomingMessage(
            ChatKey("feishu", ALICES_CHAT), UserKey("feishu", ALICE), message_id, text, datetime.now(UTC)
        )
        message = replace(message, **changes)
        self.server.world.user_messages[message_id] = UserMessage(
            message_id, message.chat.chat_id, message.chat.thread_id
        )
        return message

    @property
    def texts(self) -> list[str]:
        return self.server.world.texts_in(ALICES_CHAT)

    @property
    def last_card(self) -> Json:
        return self.server.world.card_of(self.server.world.sent[-1])


def make_channel(
    server: FeishuServer, *, mode: Any = "webhook", options: FeishuOptions = QUICK
) -> FeishuChannel:
    return FeishuChannel(
        APP_ID,
        APP_SECRET,
        server.domain,
        mode=mode,
        encrypt_key=ENCRYPT_KEY,
        verification_token=VERIFICATION_TOKEN,
        options=options,
    )


@asynccontextmanager
async def bench(
    *, mode: str = "webhook", options: FeishuOptions = QUICK, server: FeishuServer | None = None
) -> AsyncIterator[Bench]:
    """A started channel. In webhook mode its route is served, which needs no lark-oapi."""
    async with (server or FeishuServer()).running() as platform:
        platform.pushes.retry_seconds = (0.02,) * 20
        platform.pushes.ack_seconds = 3.0
        channel, inbox = make_channel(platform, mode=mode, options=options), Inbox()
        app = web.Application()
        app.add_routes(channel.routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        if mode == "webhook":
            platform.pushes.webhook_url = f"http://127.0.0.1:{runner.addresses[0][1]}{WEBHOOK_PATH}"
        await channel.start(inbox.accept)
        try:
            yield Bench(platform, channel, inbox)
        finally:
            await channel.stop()
            await runner.cleanup()
