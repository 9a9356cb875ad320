"""Writing to every chat that is known: as messages of the bot's own through the inbox.

So a broadcast keeps the order of each chat, the platforms' pacing and the retries of answers, and goes on
after a kill. Only the report of how many got it is kept in memory: after a restart there is none.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.delivery import Accept
from bot.message_handler import MessageHandler
from core.errors import StorageError
from core.messages import (
    ChatKey,
    IncomingMessage,
    Reply,
    ReplyEvent,
    ReplyFinished,
    TextDelta,
    TextFinished,
)
from core.ports import BlockList, ChatDirectory

logger = logging.getLogger(__name__)

PREFIX = "broadcast-"
"""Begins the `message_id` of what the bot says of its own accord. No platform's ids begin so."""


@dataclass(slots=True)
class _Progress:
    """Of a broadcast: who asked for it, which chats are under way, what became of the others."""

    asked: IncomingMessage
    under_way: set[ChatKey]
    outcomes: list[str] = field(default_factory=list)


class Broadcasts:
    """`core.ports.Broadcaster`.

    Args:
        chats: who is told.
        block_list: who is not.
    """

    def __init__(self, chats: ChatDirectory, block_list: BlockList) -> None:
        self._chats = chats
        self._block_list = block_list
        self._accept: Accept | None = None
        self._platforms: frozenset[str] = frozenset()
        self._progress: dict[str, _Progress] = {}
        self._reports: set[asyncio.Task[None]] = set()

    def connect(self, accept: Accept, platforms: Collection[str]) -> None:
        """Use this inbox from now on, for chats of these platforms."""
        self._accept, self._platforms = accept, frozenset(platforms)

    async def disconnect(self) -> None:
        """The inbox is about to stop."""
        self._accept, self._platforms = None, frozenset()
        await asyncio.gather(*self._reports, return_exceptions=True)

    async def audience(self, asked: IncomingMessage) -> int:
        """How many chats a broadcast would go to; that of `asked` is none of them."""
        return len(await self._audience(asked))

    async def send(self, text: str, asked: IncomingMessage) -> int:
        """Put `text` on its way for good and return to how many chats; see `core.ports.Broadcaster`."""
        accept = self._accept
        chats = await self._audience(asked)
        if accept is None or not chats:
            return 0
        message_id = _message_id(asked)
        self._progress.setdefault(message_id, _Progress(asked, set(chats)))
        for chat in chats:
            await accept(_message(text, chat, message_id, asked))
        logger.info("broadcast_accepted chats=%d", len(chats))
        return len(chats)

    def settled(self, message: IncomingMessage, outcome: str) -> None:
        """Note what became of a message; after a broadcast's last one, whoever asked for it is told."""
        progress = self._progress.get(message.message_id)
        if progress is None or message.chat not in progress.under_way:
            return
        progress.under_way.remove(message.chat)
        progress.outcomes.append(outcome)
        if not progress.under_way:
            del self._progress[message.message_id]
            task = asyncio.get_running_loop().create_task(self._report(progress))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)

    async def _audience(self, asked: IncomingMessage) -> list[ChatKey]:
        known = await self._chats.chats(without=await self._block_list.blocked())
        own = (asked.chat.channel, asked.chat.chat_id)
        return [c for c in known if c.channel in self._platforms and (c.channel, c.chat_id) != own]

    async def _report(self, progress: _Progress) -> None:
        asked, outcomes = progress.asked, progress.outcomes
        sent, gone = outcomes.count("sent"), outcomes.count("gone")
        text = f"广播送完了：{sent} 个聊天收到了"
        if gone:
            text += f"，{gone} 个已经不在了（把我移出、拉黑，或解散了）"
        if failed := len(outcomes) - sent - gone:
            text += f"，{failed} 个没能送到"
        logger.info("broadcast_done sent=%d gone=%d failed=%d", sent, gone, failed)
        if self._accept is None or asked.chat.channel not in self._platforms:
            return
        report = replace(asked, message_id=f"{_message_id(asked)}-report", text=f"{text}。")
        try:
            await self._accept(report)
        except StorageError as exc:
            logger.warning("broadcast_unreported code=%s", exc.code)


class BroadcastGate:
    """A `MessageHandler` that says what the bot itself has to say, and leaves the rest to another.

    Args:
        handler: answers people.
    """

    def __init__(self, handler: MessageHandler) -> None:
        self._handler = handler

    def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`."""
        return _said(message.text) if message.message_id.startswith(PREFIX) else self._handler.handle(message)


async def _said(text: str) -> AsyncGenerator[ReplyEvent, None]:
    reply = Reply(text=text)
    yield TextDelta(text)
    yield TextFinished(reply)
    yield ReplyFinished(reply)


def _message_id(asked: IncomingMessage) -> str:
    """The same for the same order, so that it is carried out once."""
    chat = asked.chat
    parts = f"{chat.channel}\x1f{chat.chat_id}\x1f{chat.thread_id}\x1f{asked.message_id}"
    return PREFIX + hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _message(text: str, chat: ChatKey, message_id: str, asked: IncomingMessage) -> IncomingMessage:
    # Telegram's groups have negative ids and a pace of their own; elsewhere it makes no difference here.
    is_group = chat.channel == "telegram" and chat.chat_id.startswith("-")
    return IncomingMessage(chat, asked.user, message_id, text, datetime.now(UTC), is_group)
