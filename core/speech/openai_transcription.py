"""The wire side of `OpenAiRecognizer`. Imported on first use only, because importing `openai` is slow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import openai

from core.errors import BotError, ModelResponseError
from core.openai_api.connections import open_client
from core.openai_api.errors import opening_error, retry_delay, strip_words
from core.openai_api.server_settings import ServerSettings

_CONNECT_SECONDS = 5.0
_MAX_RETRIES = 2
_MAX_RESPONSE_BYTES = 1024 * 1024
"""A minute of speech has a kilobyte of text."""


class TranscriptionClient:
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

    async def transcript(self, *, model: str, wav: bytes, prompt: str) -> str:
        """What the server hears in a WAV file.

        Raises:
            ModelError: see `OpenAiRecognizer.recognize`.
        """
        try:
            return await self._asked(model, wav, prompt)
        except BotError:
            raise
        except Exception as exc:
            error = opening_error(exc, self._host, self._settings)
            strip_words(exc)
            raise error from exc

    async def _asked(self, model: str, wav: bytes, prompt: str) -> str:
        attempt = 0
        while True:
            try:
                answer = await self._client.audio.transcriptions.create(
                    model=model,
                    file=("note.wav", wav, "audio/wav"),
                    language="zh",
                    response_format="json",
                    prompt=prompt or openai.omit,
                )
            except openai.APIError as exc:
                delay = retry_delay(exc, attempt)
                attempt += 1
                if delay is None or attempt > _MAX_RETRIES:
                    raise
            else:
                text = getattr(answer, "text", None)
                if not isinstance(text, str):
                    raise ModelResponseError(f"{self._host} answered with something that is not a transcript")
                return text
            await self._sleep(delay)
