"""A Telegram channel with the real SDK, run against the fake Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.telegram_channel import TelegramChannel, TelegramOptions
from bot.telegram_draft import DraftTiming
from bot.telegram_pacing import PacingLimits
from core.errors import StorageError
from core.messages import ChatKey, IncomingMessage, UserKey
from tests.fakes.telegram_server import TOKEN, TelegramServer
from tests.fakes.telegram_world import GROUP_ID, USER_ID

FAST = PacingLimits(
    chat_per_second=1000,
    chat_burst=1000,
    group_per_minute=100_000,
    overall_per_second=10_000,
    draft_interval_seconds=0.01,
)
SOON = DraftTiming(typing_seconds=0.05, first_private_seconds=0.0, first_group_seconds=0.0)
OPTIONS = TelegramOptions(
    pacing=FAST, timing=SOON, poll_seconds=2, conflict_grace_seconds=0.0, first_backoff_seconds=0.01
)
COMMANDS = (("start", "开始", "Start"), ("help", "怎么用", "How to use it"))


@dataclass
class Inbox:
    """Stands in for the durable inbox: stores each (chat, message_id) once.

    Attributes:
        failures: how many of the next calls cannot store.
        stored: what was stored, in order.
    """

    failures: int = 0
    stored: list[IncomingMessage] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    gate: asyncio.Event | None = None

    async def accept(self, message: IncomingMessage) -> None:
        if self.gate is not None:
            await self.gate.wait()
        async with self.changed:
            if self.failures:
                self.failures -= 1
                raise StorageError("disk full")
            if all((m.chat, m.message_id) != (message.chat, message.message_id) for m in self.stored):
                self.stored.append(message)
            self.changed.notify_all()

    async def wait_for(self, number: int) -> Sequence[IncomingMessage]:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.stored) >= number)
        return self.stored

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.stored]


@dataclass
class Kit:
    """A server, a channel on it, and what the channel accepted."""

    server: TelegramServer
    channel: TelegramChannel
    inbox: Inbox
    memory_path: Path

    async def asked(self, text: str = "红烧肉怎么做") -> IncomingMessage:
        """A question in the private chat, as the inbox got it."""
        await self.server.world.private_text(text)
        await self.inbox.wait_for(1)
        return self.inbox.stored[-1]

    async def asked_in_group(self, text: str = "@shishen_test_bot 红烧肉怎么做") -> IncomingMessage:
        await self.server.world.mention(text)
        await self.inbox.wait_for(1)
        return self.inbox.stored[-1]

    def texts(self, chat_id: int = USER_ID) -> list[str]:
        return self.server.texts(chat_id)

    def sent(self) -> list[dict[str, Any]]:
        return [call.result for call in self.server.made("sendMessage")]


def channel_on(server: TelegramServer, folder: Path, **changes: Any) -> TelegramChannel:
    """A channel for `server`; `changes` are its arguments, or fields of its options."""
    options = {key: changes.pop(key) for key in tuple(changes) if key in TelegramOptions.__slots__}
    arguments = {"api_url": server.api_url, "commands": COMMANDS, "token": TOKEN, **changes}
    return TelegramChannel(
        memory_path=folder / "telegram.sqlite3", options=replace(OPTIONS, **options), **arguments
    )


@asynccontextmanager
async def started(folder: Path, **changes: Any) -> AsyncIterator[Kit]:
    """A started channel on a server of its own."""
    async with TelegramServer().running() as server:
        channel, inbox = channel_on(server, folder, **changes), Inbox()
        await channel.start(inbox.accept)
        try:
            yield Kit(server, channel, inbox, folder)
        finally:
            await channel.stop()


def question(message_id: str = "77", chat_id: int = USER_ID, thread_id: str = "") -> IncomingMessage:
    """A message as it is read back after a restart."""
    return IncomingMessage(
        ChatKey("telegram", str(chat_id), thread_id),
        UserKey("telegram", str(USER_ID)),
        message_id,
        "红烧肉怎么做",
        datetime.now(UTC),
        is_group=chat_id == GROUP_ID,
    )
