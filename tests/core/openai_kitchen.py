"""A model server and `OpenAiLanguageModel`s that talk to it, for the tests of both."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import ModelError
from core.language_models.openai_language_model import OpenAiLanguageModel
from core.ports import (
    ChatMessage,
    Sampling,
)
from tests.fakes import openai_behaviours as fake
from tests.fakes.openai_server import OpenAiServer

KEY = "sk-secret-0123456789"
QUESTION = "红烧肉怎么做呀"
PROMPT = [ChatMessage("system", "你是食神"), ChatMessage("user", QUESTION)]
FREE = Sampling()


class Kitchen:
    """A server, models that talk to it, and the waits between their retries."""

    def __init__(self, server: OpenAiServer) -> None:
        self.server = server
        self.waits: list[float] = []
        self.models: list[OpenAiLanguageModel] = []

    def model(self, **settings: Any) -> OpenAiLanguageModel:
        plain = {"base_url": self.server.base_url, "api_key": KEY, "model": "m", "sleep": self._sleep}
        model = OpenAiLanguageModel(**{**plain, **settings})
        self.models.append(model)
        return model

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def answer(self, *behaviours: fake.Behaviour, **settings: Any) -> str:
        self.server.queue(*behaviours)
        return "".join([piece async for piece in self.model(**settings).stream(PROMPT, FREE)])

    async def failure(self, *behaviours: fake.Behaviour, **settings: Any) -> tuple[list[str], ModelError]:
        """What was yielded, and the error after it."""
        self.server.queue(*behaviours)
        pieces: list[str] = []
        try:
            async for piece in self.model(**settings).stream(PROMPT, FREE):
                pieces.append(piece)  # noqa: PERF401 - kept although an error follows
        except ModelError as exc:
            return pieces, exc
        pytest.fail("no error was raised")


@asynccontextmanager
async def open_kitchen(api_key: str = KEY) -> AsyncIterator[Kitchen]:
    async with OpenAiServer(api_key=api_key).running() as server:
        kitchen = Kitchen(server)
        yield kitchen
        for model in kitchen.models:
            await model.close()


def assert_discreet(error: ModelError) -> None:
    """Neither the key nor the user's words are in the error or in anything that it is chained to."""
    told = "".join(traceback.format_exception(error)) + repr(error)
    assert KEY not in told
    assert QUESTION not in told
