"""What the tests of the inbox have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.inbox import Inbox, InboxLimits
from core.errors import BotError
from core.messages import ChatKey, IncomingMessage, Reply, UserKey
from tests.fakes.recording_channel import RecordingChannel
from tests.fakes.scripted_handler import ScriptedHandler

LIMITS = InboxLimits(first_retry_seconds=0.01, longest_retry_seconds=0.02, busy_timeout_seconds=0.2)


def message(
    text: str, *, message_id: str = "", chat_id: str = "1", user_id: str = "ann", channel: str = "telegram"
) -> IncomingMessage:
    """A message whose id is its text, unless told otherwise."""
    return IncomingMessage(
        ChatKey(channel, chat_id), UserKey(channel, user_id), message_id or text, text, datetime.now(UTC)
    )


def sorry(error: BotError) -> Reply:
    return Reply(text=f"抱歉：{error.code}", error_code=error.code)


@dataclass
class Bench:
    """A running inbox with what it is connected to."""

    inbox: Inbox
    handler: ScriptedHandler
    channel: RecordingChannel

    async def accept(self, *texts: str, chat_id: str = "1") -> None:
        for text in texts:
            await self.inbox.accept(message(text, chat_id=chat_id))

    async def done(self) -> None:
        """Wait until nothing is left to do."""
        async with asyncio.timeout(30):
            await self.inbox.drained()


def database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'inbox.sqlite3'}"


@asynccontextmanager
async def bench(
    folder: Path,
    *,
    handler: ScriptedHandler | None = None,
    channel: RecordingChannel | None = None,
    grace_seconds: float = 5,
    limits: InboxLimits = LIMITS,
    **options: Any,
) -> AsyncIterator[Bench]:
    """An inbox on the files in `folder`."""
    handler, channel = handler or ScriptedHandler(), channel or RecordingChannel()
    inbox = Inbox(handler, {channel.name: channel}, database_url(folder), sorry, limits=limits, **options)
    await inbox.start()
    try:
        yield Bench(inbox, handler, channel)
    finally:
        await inbox.stop(grace_seconds)
