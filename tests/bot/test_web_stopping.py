"""Answers that end early on the chat page: by its stop button, or by the next message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.unfinished_answers import UnfinishedAnswers
from core.composer import Composer
from core.model_answerer import ModelAnswerer
from core.stopping import STOPPED
from handlers import commands
from handlers.commands import CommandHandler, CommandServices
from handlers.router import Router
from handlers.text import TextHandler
from tests.bot.web_client import Client, next_event, served
from tests.core.pipeline_kitchen import Kitchen
from tests.fakes.memory_storage import MemoryHistory, MemoryPersonalData, MemoryProfiles
from tests.fakes.scripted_language_model import ScriptedAnswer, ScriptedLanguageModel

PORK, EGGS = "红烧肉怎么做", "番茄炒蛋怎么做"
CUT = f"先焯水。\n\n{STOPPED}"
WHOLE = "炒两分钟。来源：食神菜谱"


@dataclass
class Page:
    """A browser and the model behind the page."""

    browser: Client
    model: ScriptedLanguageModel


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    model = ScriptedLanguageModel([ScriptedAnswer(("先焯水。", "从不"), gate=asyncio.Event()), WHOLE])
    unfinished, history, profiles = UnfinishedAnswers(), MemoryHistory(), MemoryProfiles()
    pipeline = Kitchen(answerer=ModelAnswerer(model, Composer()), illustrator=None).pipeline()
    text = TextHandler(pipeline, history, profiles, stop_of=unfinished.signal_of)
    services = CommandServices(history, profiles, MemoryPersonalData(history, profiles))
    router = Router(text, CommandHandler(services))
    async with (
        served(tmp_path, answering=router, unfinished=unfinished) as server,
        server.client() as browser,
    ):
        yield Page(browser, model)


async def until_seen(response: Any) -> None:
    """Read until the model's first words."""
    while (await next_event(response))["type"] != "text":
        pass


async def rest_of(response: Any) -> dict[str, Any]:
    """The whole answer at the end of a stream."""
    while (event := await next_event(response))["type"] != "finished":
        pass
    reply: dict[str, Any] = event["reply"]
    return reply


async def test_the_stop_button_ends_an_answer(page: Page) -> None:
    async with page.browser.post(PORK) as response:
        await until_seen(response)
        assert await page.browser.stop() == 1
        assert (await rest_of(response))["text"] == CUT
    assert page.model.open_streams == 0
    assert await page.browser.stop() == 0


@pytest.mark.parametrize(("said", "answered"), [(EGGS, WHOLE), ("别说了", commands.STOPPED)])
async def test_the_next_message_ends_it_too(page: Page, said: str, answered: str) -> None:
    async with page.browser.post(PORK) as response:
        await until_seen(response)
        assert (await page.browser.ask(said))[-1]["reply"]["text"] == answered
        assert (await rest_of(response))["text"] == CUT


async def test_without_a_session_nothing_is_stopped(page: Page) -> None:
    page.browser.session.cookie_jar.clear()
    async with page.browser.session.post("/api/stop", headers=page.browser.headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (401, "no_session")
