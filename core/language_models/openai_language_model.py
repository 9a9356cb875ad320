"""A chat model behind an OpenAI-compatible server: Ollama, LMDeploy, vLLM, llama.cpp, hosted ones.

The official `openai` package takes most of a second to import, so all that touches it lives in
`openai_client` and is loaded on first use, in a thread. Protocol: OpenAI API reference, "Chat
Completions", streaming.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from core.errors import ModelResponseError
from core.language_models.call_limits import CallLimits
from core.language_models.visible_text import VisibleText
from core.openai_api.lazy_client import LazyClient
from core.openai_api.server_settings import ServerSettings
from core.ports import (
    ChatMessage,
    Sampling,
)

if TYPE_CHECKING:
    from core.language_models.openai_client import ChatClient

MAX_ANSWER_CHARACTERS = 20_000
"""Ten times what anybody reads in a chat; LLM_MAX_OUTPUT_TOKENS ends an honest answer earlier."""

_SETTINGS = ServerSettings(
    "LLM",
    bad_request="check LLM_MODEL, LLM_TEMPERATURE and LLM_TOP_P, and that LLM_CONTEXT_TOKENS fits the model",
    too_large="the prompt is too long: lower LLM_CONTEXT_TOKENS",
)
_CHECK_OUTPUT_TOKENS = 16
"""The fewest that every server accepts (some hosted models refuse less)."""


class OpenAiLanguageModel:
    """Implements `core.ports.LanguageModel`.

    Args:
        base_url: address of the API, usually ending in /v1.
        api_key: "" when the server wants none.
        model: name of the model on that server.
        timeout_seconds: bound of a whole answer, retries included.
        connect_timeout_seconds: until the server accepts the connection.
        first_token_timeout_seconds: from a request to the first text of its answer.
        stall_timeout_seconds: longest silence between two pieces.
        max_retries: on 429, 5xx and failed connections, before the first piece only.
        temperature: used when a call's sampling leaves it open; None leaves it to the server.
        top_p: likewise.
        max_output_tokens: likewise.
        max_answer_characters: an answer that grows longer is given up as rubbish.
        sleep: waits between retries.

    Raises:
        SettingsError: the address, the key or the model's name cannot be right.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each setting
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout_seconds: float = 180,
        connect_timeout_seconds: float = 5,
        first_token_timeout_seconds: float = 60,
        stall_timeout_seconds: float = 20,
        max_retries: int = 2,
        temperature: float | None = None,
        top_p: float | None = None,
        max_output_tokens: int | None = None,
        max_answer_characters: int = MAX_ANSWER_CHARACTERS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host = _SETTINGS.host_of(base_url)
        self._base_url = base_url
        self._api_key = _SETTINGS.checked_key(api_key)
        self._model = _SETTINGS.checked_model(model)
        self._limits = CallLimits(
            total_seconds=timeout_seconds,
            connect_seconds=connect_timeout_seconds,
            first_token_seconds=first_token_timeout_seconds,
            stall_seconds=stall_timeout_seconds,
            max_retries=max_retries,
        )
        self._defaults = Sampling(temperature, top_p, max_output_tokens)
        self._max_answer_characters = max_answer_characters
        self._sleep = sleep
        self._client = LazyClient("LLM_BACKEND", self._opened)

    @property
    def name(self) -> str:
        """Backend and model."""
        return f"openai/{self._model}"

    async def stream(self, messages: Sequence[ChatMessage], sampling: Sampling) -> AsyncGenerator[str, None]:
        """Yield the answer in pieces; closing the generator hangs up on the server at once.

        Raises:
            ModelUnavailableError: down, overloaded, too slow, or silent for too long.
            ModelRejectedError: the server refuses; the message names the setting to look at.
            ModelResponseError: what came is not an answer, or only the beginning of one.
        """
        client = await self._client.get()
        visible = VisibleText()
        length = 0
        async with aclosing(client.deltas(self._parameters(messages, sampling))) as deltas:
            async for delta in deltas:
                piece = visible.feed(delta.text)
                length += len(piece)
                if length > self._max_answer_characters:
                    raise ModelResponseError(
                        f"{self.name} wrote more than {self._max_answer_characters} characters; given up"
                    )
                if piece:
                    yield piece
        if rest := visible.finish():
            length += len(rest)
            yield rest
        if not length:
            raise self._empty_answer()

    async def check(self) -> str:
        """Ask for a few tokens, and say what answered and how fast.

        Raises:
            ModelError: as `stream`.
        """
        client = await self._client.get()
        started = time.monotonic()
        greeting = [ChatMessage("user", "你好")]
        parameters = self._parameters(greeting, Sampling(max_output_tokens=_CHECK_OUTPUT_TOKENS))
        async with aclosing(client.deltas(parameters)) as deltas:
            async for delta in deltas:
                if delta.text or delta.thinking:
                    milliseconds = (time.monotonic() - started) * 1000
                    return f"{self._model} at {self._host} answered in {milliseconds:.0f} ms"
        raise self._empty_answer()

    async def close(self) -> None:
        """Release connections; a later call opens new ones."""
        await self._client.close()

    def _parameters(self, messages: Sequence[ChatMessage], sampling: Sampling) -> dict[str, Any]:
        chosen = {
            "temperature": _first_given(sampling.temperature, self._defaults.temperature),
            "top_p": _first_given(sampling.top_p, self._defaults.top_p),
            "max_tokens": _first_given(sampling.max_output_tokens, self._defaults.max_output_tokens),
        }
        return {
            "model": self._model,
            "messages": [{"role": m.role, "content": _encodable(m.content)} for m in messages],
            **{name: value for name, value in chosen.items() if value is not None},
        }

    def _empty_answer(self) -> ModelResponseError:
        return ModelResponseError(
            f"{self.name} gave an empty answer; one that thinks first may need more LLM_MAX_OUTPUT_TOKENS"
        )

    def _opened(self) -> ChatClient:
        from core.language_models.openai_client import ChatClient

        return ChatClient(
            base_url=self._base_url,
            host=self._host,
            api_key=self._api_key,
            settings=_SETTINGS,
            limits=self._limits,
            sleep=self._sleep,
        )


def _encodable(text: str) -> str:
    """`text` with lone surrogates, which UTF-8 cannot carry, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _first_given(value: float | None, default: float | None) -> float | None:
    return default if value is None else value
