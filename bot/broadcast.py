"""Writing to every chat that is known: as messages of the bot's own through the inbox.

So a broadcast keeps the order of each chat, the platforms' pacing and the retries of answers, and goes on
after a kill. To whom it is still under way is in the database: the report of how many got it comes then too.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncGenerator, Collection
from dataclasses import replace
from datetime import UTC, datetime

from bot.delivery import Accept
from bot.message_handler import MessageHandler
from core.messages import (
    ChatKey,
    IncomingMessage,
    Reply,
    ReplyEvent,
    ReplyFinished,
    TextDelta,
    TextFinished,
)
from core.operator_ports import (
    BlockList,
    BroadcastLog,
    BroadcastResult,
    ChatDirectory,
)

logger = logging.getLogger(__name__)

PREFIX = "broadcast-"
"""Begins the `message_id` of what the bot says of its own accord. No platform's ids begin so."""


class Broadcasts:
    """`core.ports.Broadcaster`.

    Args:
        chats: who is told.
        block_list: who is not.
        log: keeps whom it is under way to.
    """

    def __init__(self, chats: ChatDirectory, block_list: BlockList, log: BroadcastLog) -> None:
        self._chats = chats
        self._block_list = block_list
        self._log = log
        self._accept: Accept | None = None
        self._platforms: frozenset[str] = frozenset()

    def connect(self, accept: Accept, platforms: Collection[str]) -> None:
        """Use this inbox from now on, for chats of these platforms."""
        self._accept, self._platforms = accept, frozenset(platforms)

    def disconnect(self) -> None:
        """The inbox is gone."""
        self._accept, self._platforms = None, frozenset()

    async def audience(self, asked: IncomingMessage) -> int:
        """How many chats a broadcast would go to; that of `asked` is none of them."""
        return len(await self._audience(asked))

    async def send(self, text: str, asked: IncomingMessage) -> int:
        """Put `text` on its way for good and return to how many chats; see `core.ports.Broadcaster`."""
        accept = self._accept
        chats = await self._audience(asked)
        if accept is None or not chats:
            return 0
        broadcast_id = _broadcast_id(asked)
        audience = await self._log.begin(broadcast_id, asked, chats)
        for chat in audience.under_way:
            await accept(_message(text, chat, broadcast_id, asked))
        logger.info("broadcast_accepted chats=%d", audience.total)
        return audience.total

    async def settled(self, message: IncomingMessage, outcome: str) -> None:
        """Note what became of a message; after a broadcast's last one, whoever ordered it is told.

        Raises:
            StorageError: it may not have been noted.
        """
        if message.message_id.startswith(PREFIX):
            result = await self._log.settle(message.message_id, message.chat, outcome)
            if result is not None:
                await self._report(result)

    async def _audience(self, asked: IncomingMessage) -> list[ChatKey]:
        known = await self._chats.chats(without=await self._block_list.blocked())
        own = (asked.chat.channel, asked.chat.chat_id)
        return [c for c in known if c.channel in self._platforms and (c.channel, c.chat_id) != own]

    async def _report(self, result: BroadcastResult) -> None:
        """Tell whoever ordered it; the inbox knows the report by its id, so it comes once."""
        asked = result.asked
        text = f"广播送完了：{result.sent} 个聊天收到了"
        if result.gone:
            text += f"，{result.gone} 个已经不在了（把我移出、拉黑，或解散了）"
        if result.failed:
            text += f"，{result.failed} 个没能送到"
        logger.info("broadcast_done sent=%d gone=%d failed=%d", result.sent, result.gone, result.failed)
        if self._accept is None or asked.chat.channel not in self._platforms:
            return
        await self._accept(replace(asked, message_id=f"{_broadcast_id(asked)}-report", text=f"{text}。"))


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


def _broadcast_id(asked: IncomingMessage) -> str:
    """The same for the same order, so that it is carried out once."""
    chat = asked.chat
    parts = f"{chat.channel}\x1f{chat.chat_id}\x1f{chat.thread_id}\x1f{asked.message_id}"
    return PREFIX + hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _message(text: str, chat: ChatKey, message_id: str, asked: IncomingMessage) -> IncomingMessage:
    # Telegram's groups have negative ids and a pace of their own; elsewhere it makes no difference here.
    is_group = chat.channel == "telegram" and chat.chat_id.startswith("-")
    return IncomingMessage(chat, asked.user, message_id, text, datetime.now(UTC), is_group)
