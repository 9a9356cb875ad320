"""A queue with an end: some work at once, some waits, and whoever comes after that is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.errors import ModelUnavailableError


class Turns:
    """Gives out turns in the order in which they are asked for.

    Args:
        at_once: how many hold one at the same time.
        max_waiting: how many more may wait.
    """

    def __init__(self, at_once: int, max_waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._max_waiting = max_waiting
        self._waiting = 0

    @asynccontextmanager
    async def taken(self, complaint: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the body runs.

        Args:
            complaint: says what waits for what; the number of those who wait comes before it.

        Raises:
            ModelUnavailableError: too many wait.
        """
        if self._free.locked() and self._waiting >= self._max_waiting:
            raise ModelUnavailableError(f"{self._waiting} {complaint}")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
