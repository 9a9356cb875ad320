"""One event of a chat at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class ChatOrder:
    """Keeps the chats' events in order; nothing is kept of a chat without any."""

    def __init__(self) -> None:
        self._chats: dict[str, _Chat] = {}

    @asynccontextmanager
    async def turn(self, chat_id: str) -> AsyncIterator[None]:
        """Wait until those who came before in that chat are done."""
        chat = self._chats.setdefault(chat_id, _Chat())
        chat.users += 1
        try:
            async with chat.lock:
                yield
        finally:
            chat.users -= 1
            if not chat.users:
                self._chats.pop(chat_id, None)


@dataclass(slots=True)
class _Chat:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
