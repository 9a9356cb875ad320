"""A server's client that is made with the first call: importing `openai` takes most of a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from core.errors import ModelRejectedError


class Closable(Protocol):
    """What holds connections."""

    def close(self) -> Awaitable[None]:
        """Release them."""


Client = TypeVar("Client", bound=Closable)


class LazyClient(Generic[Client]):
    """Makes a client once, in a thread; after `close` the next call makes another.

    Args:
        backend: the setting that asks for it, as `STT_BACKEND`.
        make: imports what it needs, and makes the client.
    """

    def __init__(self, backend: str, make: Callable[[], Client]) -> None:
        self._backend = backend
        self._make = make
        self._client: Client | None = None
        self._lock = threading.Lock()

    async def get(self) -> Client:
        """The client.

        Raises:
            ModelRejectedError: the package is not installed.
        """
        client = self._client
        return await asyncio.to_thread(self._made) if client is None else client

    async def close(self) -> None:
        """Release connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _made(self) -> Client:
        with self._lock:
            if self._client is None:
                try:
                    self._client = self._make()
                except ImportError as exc:
                    raise ModelRejectedError(
                        f"{self._backend}=openai needs the openai package: pip install -r requirements.txt"
                    ) from exc
            return self._client
