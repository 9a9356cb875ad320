"""The wire side of `OpenAiSpeaker`. Imported on first use only, because importing `openai` is slow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import openai

from core.errors import BotError
from core.openai_api.connections import open_client
from core.openai_api.errors import opening_error, retry_delay, strip_words
from core.openai_api.server_settings import ServerSettings

_CONNECT_SECONDS = 5.0
_MAX_RETRIES = 2
_MAX_RESPONSE_BYTES = 12 * 1024 * 1024
"""A minute, the most that a sentence may last, in stereo at 48 kHz."""


class SpeechClient:
    """One server, one key."""

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
            connect_seconds=_CONNECT_SECONDS,
            max_response_bytes=_MAX_RESPONSE_BYTES,
        )

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def speech(self, *, model: str, voice: str, text: str, speed: float) -> bytes:
        """What the server calls a WAV file of `text`.

        Raises:
            ModelError: see `OpenAiSpeaker.speak`.
        """
        attempt = 0
        while True:
            try:
                answer = await self._client.audio.speech.create(
                    model=model,
                    voice=voice or openai.omit,  # type: ignore[arg-type]  # servers of one voice need none
                    input=text,
                    response_format="wav",
                    speed=openai.omit if speed == 1 else speed,
                )
            except BotError:
                raise
            except Exception as exc:
                delay = retry_delay(exc, attempt) if isinstance(exc, openai.APIError) else None
                attempt += 1
                if delay is None or attempt > _MAX_RETRIES:
                    error = opening_error(exc, self._host, self._settings)
                    strip_words(exc)
                    raise error from exc
            else:
                return answer.content
            await self._sleep(delay)
