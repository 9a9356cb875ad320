"""What administrators see and change of the running bot: failures, what waits, who is blocked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bot.access import AccessControl, user_name
from bot.message_handler import MessageHandler
from core.messages import IncomingMessage, ReplyEvent, ReplyFinished, UserKey
from core.operator_ports import BlockList


class Operations:
    """`core.ports.Workload`.

    Attributes:
        failed: answers since the start that were an apology.
        count_waiting: set to the inbox's count while one runs.
    """

    def __init__(self) -> None:
        self.failed = 0
        self.count_waiting: Callable[[], int] | None = None

    @property
    def waiting(self) -> int:
        """Accepted messages that are not answered yet."""
        return self.count_waiting() if self.count_waiting is not None else 0


class ObservedHandler:
    """A `MessageHandler` whose apologies are counted.

    Args:
        handler: answers.
        operations: counts.
    """

    def __init__(self, handler: MessageHandler, operations: Operations) -> None:
        self._handler = handler
        self._operations = operations

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`."""
        async with aclosing(self._handler.handle(message)) as events:
            async for event in events:
                if isinstance(event, ReplyFinished) and event.reply.error_code:
                    self._operations.failed += 1
                yield event


class EnforcedBlockList:
    """`core.ports.BlockList` that takes effect at once, and again after a restart.

    Args:
        stored: keeps it.
        access: turns the blocked away.
    """

    def __init__(self, stored: BlockList, access: AccessControl) -> None:
        self._stored = stored
        self._access = access

    async def load(self) -> None:
        """Turn away who was blocked before.

        Raises:
            StorageError: the list cannot be read.
        """
        self._access.blocked = {user_name(user) for user in await self._stored.blocked()}

    async def blocked(self) -> frozenset[UserKey]:
        """All of them."""
        return await self._stored.blocked()

    async def block(self, user: UserKey) -> bool:
        """Add `user`; returns whether they were not on it."""
        is_new = await self._stored.block(user)
        self._access.blocked.add(user_name(user))
        return is_new

    async def unblock(self, user: UserKey) -> bool:
        """Remove `user`; returns whether they were on it."""
        was_blocked = await self._stored.unblock(user)
        self._access.blocked.discard(user_name(user))
        return was_blocked
