"""The wire side of `OpenAiLanguageModel`: requests, retries, deadlines, and the SDK's errors in our words.

Imported on first use only, because importing `openai` (and its `httpx2`) is slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import openai
from openai import AsyncStream

from core.errors import BotError, ModelError, ModelResponseError, ModelUnavailableError
from core.language_models.call_limits import CallLimits
from core.openai_api.connections import open_client
from core.openai_api.errors import opening_error, reading_error, retry_delay, strip_words
from core.openai_api.server_settings import ServerSettings

_T = TypeVar("_T")

_MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""32768 tokens, the most that LLM_MAX_OUTPUT_TOKENS allows, in events of half a kilobyte."""
_DRAIN_SECONDS = 0.5
"""How long the end of a finished answer may take to come, so that its connection can be used again."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One step of a streamed answer: raw text, and whether the model was heard thinking."""

    text: str
    thinking: bool
    finish_reason: str


class ChatClient:
    """One server, one key. `deltas` is all that it does."""

    def __init__(
        self,
        *,
        base_url: str,
        host: str,
        api_key: str,
        settings: ServerSettings,
        limits: CallLimits,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._host = host
        self._settings = settings
        self._limits = limits
        self._sleep = sleep
        self._length_parameter = "max_tokens"
        self._client = open_client(
            base_url,
            api_key,
            total_seconds=limits.total_seconds,
            connect_seconds=limits.connect_seconds,
            max_response_bytes=_MAX_RESPONSE_BYTES,
        )

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def deltas(self, parameters: dict[str, Any]) -> AsyncGenerator[Delta, None]:
        """Ask, and yield every step of the answer up to the one that finishes it.

        Raises:
            ModelError: see `OpenAiLanguageModel.stream`.
        """
        overall = _now() + self._limits.total_seconds
        with self._border(partial(opening_error, settings=self._settings)):
            stream, first_token_by = await self._open(parameters, overall)
        try:
            silent_until = first_token_by
            while True:
                with self._border(reading_error):
                    chunk = await self._within(anext(stream, None), silent_until, overall)
                if chunk is None:
                    raise ModelResponseError(
                        f"{self._host} ended its answer without a finish_reason: it broke off, or"
                        " LLM_BASE_URL is not an OpenAI-compatible API (whose address usually ends in /v1)"
                    )
                if (delta := _delta_of(chunk)) is None:
                    continue
                if delta.text or delta.thinking:
                    silent_until = _now() + self._limits.stall_seconds
                yield delta
                if delta.finish_reason:
                    break
            _check_finish(delta.finish_reason)
            await _drain(stream)
        finally:
            await stream.close()

    async def _open(self, parameters: dict[str, Any], overall: float) -> tuple[AsyncStream[Any], float]:
        """Send the request, again if need be; returns the stream and when its first token is due."""
        attempt = 0
        while True:
            first_token_by = _now() + self._limits.first_token_seconds
            try:
                request = self._client.chat.completions.create(**self._renamed(parameters), stream=True)
                return await self._within(request, first_token_by, overall), first_token_by
            except openai.APIError as exc:
                if self._learns_parameter(exc):
                    continue
                delay = retry_delay(exc, attempt)
                attempt += 1
                if delay is None or attempt > self._limits.max_retries or _now() + delay > overall:
                    raise
            await self._sleep(delay)

    def _learns_parameter(self, exc: openai.APIError) -> bool:
        """Whether the server just said that it knows `max_tokens` by its newer name only.

        OpenAI's reasoning models want `max_completion_tokens`; most other servers know the older name only.
        """
        if self._length_parameter != "max_tokens" or not isinstance(exc, openai.BadRequestError):
            return False
        if "max_completion_tokens" not in exc.message:
            return False
        self._length_parameter = "max_completion_tokens"
        return True

    def _renamed(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {self._length_parameter if k == "max_tokens" else k: v for k, v in parameters.items()}

    async def _within(self, awaitable: Awaitable[_T], silent_until: float, overall: float) -> _T:
        try:
            async with asyncio.timeout_at(min(silent_until, overall)):
                return await awaitable
        except TimeoutError as exc:
            reason = "took too long to answer" if overall <= silent_until else "was silent for too long"
            raise ModelUnavailableError(f"{self._host} {reason}") from exc

    @contextmanager
    def _border(self, describe: Callable[[Exception, str], ModelError]) -> Iterator[None]:
        """The backend's border: nothing but the project's own errors leaves."""
        try:
            yield
        except BotError:
            raise
        except Exception as exc:
            error = describe(exc, self._host)
            strip_words(exc)
            raise error from exc


def _now() -> float:
    return asyncio.get_running_loop().time()


def _delta_of(chunk: object) -> Delta | None:
    """What a chunk says; None when it has no choice (usage, content filter notes), whatever else it holds."""
    choices = getattr(chunk, "choices", None)
    if not isinstance(choices, list) or not choices:
        return None
    delta = getattr(choices[0], "delta", None)
    text = getattr(delta, "content", None)
    finish_reason = getattr(choices[0], "finish_reason", None)
    # DeepSeek and vLLM call it reasoning_content, Ollama and OpenRouter reasoning.
    thinking = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    return Delta(
        text=text if isinstance(text, str) else "",
        thinking=bool(thinking),
        finish_reason=finish_reason if isinstance(finish_reason, str) else "",
    )


def _check_finish(finish_reason: str) -> None:
    if finish_reason == "content_filter":
        raise ModelResponseError("the content filter of the model server cut the answer off")


async def _drain(stream: AsyncStream[Any]) -> None:
    """Read what follows a finished answer (usage, [DONE]); nothing there can spoil it any more."""
    with suppress(TimeoutError, openai.OpenAIError, ModelResponseError, ValueError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while await anext(stream, None) is not None:
                pass
