"""One server, one key: asks, asks again while it is busy, and says in our own errors what went wrong.

Imported on first use only, because importing `openai` is slow; `core.openai_api.lazy_client` sees to that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import openai

from core.errors import BotError
from core.openai_api.connections import open_client
from core.openai_api.errors import opening_error, retry_delay, strip_words
from core.openai_api.server_settings import ServerSettings

CONNECT_SECONDS = 5.0
_MAX_RETRIES = 2

Answer = TypeVar("Answer")


class ServerClient:
    """Base of a role's client.

    Args:
        base_url: address of the API.
        host: its host, for messages.
        api_key: "" when the server wants none.
        settings: what the role's settings are called.
        timeout_seconds: bound of a single read or write.
        sleep: waits between retries.

    Attributes:
        max_response_bytes: a longer answer is an error; each role has its own.
    """

    max_response_bytes: int

    def __init__(
        self,
        *,
        base_url: str,
        host: str,
        api_key: str,
        settings: ServerSettings,
        timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._host = host
        self._settings = settings
        self._sleep = sleep
        self._client = open_client(
            base_url,
            api_key,
            total_seconds=timeout_seconds,
            connect_seconds=CONNECT_SECONDS,
            max_response_bytes=self.max_response_bytes,
        )

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def _asked(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to `ask`, which is called again when the server is busy.

        Raises:
            ModelUnavailableError: down, overloaded, or too slow.
            ModelRejectedError: the server refuses; the message names the setting to look at.
            ModelResponseError: what came is no answer.
        """
        attempt = 0
        while True:
            try:
                return await ask()
            except BotError:
                raise
            except Exception as exc:
                delay = retry_delay(exc, attempt) if isinstance(exc, openai.APIError) else None
                attempt += 1
                if delay is None or attempt > _MAX_RETRIES:
                    error = opening_error(exc, self._host, self._settings)
                    strip_words(exc)
                    raise error from exc
            await self._sleep(delay)
