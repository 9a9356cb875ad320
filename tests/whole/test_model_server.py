"""LLM_BACKEND=openai against a server on loopback: its answers, and what happens without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fakes.openai_behaviours import answers
from tests.fakes.openai_server import OpenAiServer
from tests.ports import reserved_port
from tests.whole.bot_process import BotProcess, Outcome


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    async with OpenAiServer(
        api_key="k-123", default=answers("先焯水，", "再炖一小时。")
    ).running() as running:
        yield running


def settings(base_url: str, **more: str) -> dict[str, str]:
    model = {"LLM_BACKEND": "openai", "LLM_BASE_URL": base_url, "LLM_MODEL": "cook", "LLM_API_KEY": "k-123"}
    return {**model, "LLM_MAX_RETRIES": "0", **more}


def check(bot: BotProcess, model: dict[str, str]) -> Outcome:
    return bot.run("check", typed="", preexec=None, program="bot", COLUMNS="200", **model)


async def test_a_models_answer_names_its_source(bot: BotProcess, server: OpenAiServer) -> None:
    answer = await asyncio.to_thread(bot.say, "红烧肉怎么做", **settings(server.base_url))
    assert answer["text"].startswith("先焯水，再炖一小时。")
    assert "来源：食神菜谱" in answer["text"]
    assert answer["recipe"]["name"] == "红烧肉"
    body = server.requests[-1].body
    assert (body["model"], body["stream"]) == ("cook", True)
    assert "五花肉" in "".join(message["content"] for message in body["messages"])


async def test_check_asks_the_model(bot: BotProcess, server: OpenAiServer) -> None:
    outcome = await asyncio.to_thread(lambda: check(bot, settings(server.base_url)))
    assert outcome.returncode == 0
    assert (
        f"cook at {server.base_url.removeprefix('http://').removesuffix('/v1')} answered in" in outcome.stdout
    )


def test_a_server_that_is_down_is_replaced_by_the_recipe(bot: BotProcess) -> None:
    answer = bot.say("红烧肉怎么做", **settings(f"http://127.0.0.1:{reserved_port()}/v1"))
    assert "现在连不上语言模型" in answer["text"]
    assert "来源：食神菜谱" in answer["text"]
    assert answer["recipe"]["name"] == "红烧肉"


async def test_a_wrong_key_is_never_repeated(bot: BotProcess, server: OpenAiServer) -> None:
    wrong = settings(server.base_url, LLM_API_KEY="k-wrong-secret")
    outcome = await asyncio.to_thread(lambda: check(bot, wrong))
    assert outcome.returncode in {1, 2}
    assert "LLM_API_KEY" in outcome.stdout
    assert "wrong-secret" not in outcome.stdout + outcome.stderr
