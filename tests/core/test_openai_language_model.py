"""`OpenAiLanguageModel` before a server that answers: what is sent, shown, waited for, hung up on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import ModelResponseError, ModelUnavailableError
from core.ports import (
    ChatMessage,
    Sampling,
)
from tests.core.openai_kitchen import FREE, KEY, PROMPT, QUESTION, Kitchen, open_kitchen
from tests.fakes import openai_behaviours as fake


@pytest.fixture
async def kitchen() -> AsyncIterator[Kitchen]:
    async with open_kitchen() as kitchen:
        yield kitchen


class TestRequest:
    async def test_what_is_sent(self, kitchen: Kitchen) -> None:
        assert await kitchen.answer(fake.answers("先热锅，", "再下油。")) == "先热锅，再下油。"
        (request,) = kitchen.server.requests
        assert request.body == {
            "model": "m",
            "messages": [{"role": "system", "content": "你是食神"}, {"role": "user", "content": QUESTION}],
            "stream": True,
        }
        assert request.headers["Authorization"] == f"Bearer {KEY}"

    async def test_a_calls_sampling_wins_over_the_settings(self, kitchen: Kitchen) -> None:
        model = kitchen.model(temperature=0.7, top_p=0.9, max_output_tokens=300)
        async for _ in model.stream(PROMPT, Sampling(temperature=0.0)):
            pass
        body = kitchen.server.requests[0].body
        assert {name: body[name] for name in ("temperature", "top_p", "max_tokens")} == {
            "temperature": 0.0,
            "top_p": 0.9,
            "max_tokens": 300,
        }

    async def test_nothing_is_taken_from_the_environment(
        self, kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL", "WEBHOOK_SECRET"):
            monkeypatch.setenv(f"OPENAI_{name}", "http://stray.invalid")
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Stray: stray\nAuthorization: stray")
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert await kitchen.answer(fake.answers("好")) == "好"
        headers = kitchen.server.requests[0].headers
        assert "stray" not in str(headers)
        assert {name.lower() for name in headers} == {
            "host",
            "accept",
            "accept-encoding",
            "authorization",
            "connection",
            "content-length",
            "content-type",
            "user-agent",
        }

    async def test_without_a_key_no_authorization_is_sent(self) -> None:
        async with open_kitchen(api_key="") as kitchen:
            assert await kitchen.answer(fake.answers("好"), api_key="") == "好"
            assert "Authorization" not in kitchen.server.requests[0].headers

    async def test_lone_surrogates_are_replaced(self, kitchen: Kitchen) -> None:
        async for _ in kitchen.model().stream([ChatMessage("user", "盐\ud83c")], FREE):
            pass
        assert kitchen.server.requests[0].body["messages"] == [{"role": "user", "content": "盐?"}]

    async def test_a_finished_answer_leaves_its_connection_for_the_next(self, kitchen: Kitchen) -> None:
        model = kitchen.model()
        for _ in range(2):
            async for _ in model.stream(PROMPT, FREE):
                pass
        first, second = kitchen.server.requests
        assert first.client_port == second.client_port

    async def test_the_newer_name_of_max_tokens_is_learnt(self, kitchen: Kitchen) -> None:
        kitchen.server.queue(fake.refuses(400, fake.WANTS_NEWER_NAME))
        model = kitchen.model(max_output_tokens=300, max_retries=0)
        for _ in range(2):
            async for _ in model.stream(PROMPT, FREE):
                pass
        lengths = [
            (r.body.get("max_tokens"), r.body.get("max_completion_tokens")) for r in kitchen.server.requests
        ]
        assert lengths == [(300, None), (None, 300), (None, 300)]


class TestAnswer:
    @pytest.mark.parametrize(
        ("behaviour", "expected"),
        [
            (fake.answers("<thi", "nk>用户想", "做饭</thi", "nk>\n\n先热锅。"), "先热锅。"),
            (fake.answers("先热锅。", thought="用户想做饭"), "先热锅。"),
            (fake.answers("先热锅", finish_reason="length"), "先热锅"),
            (fake.answers("先热锅", opens_empty=True), "先热锅"),
            (fake.answers("🍲", "\x00汤"), "🍲汤"),
        ],
    )
    async def test_only_the_answer_is_shown(
        self, kitchen: Kitchen, behaviour: fake.Behaviour, expected: str
    ) -> None:
        assert await kitchen.answer(behaviour) == expected

    async def test_a_usage_chunk_that_nobody_asked_for_is_fine(self, kitchen: Kitchen) -> None:
        events: list[dict[str, Any]] = [
            {"choices": [{"index": 0, "delta": {"content": "好"}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}},
        ]
        assert await kitchen.answer(fake.sends(*events, fake.DONE)) == "好"

    async def test_rubbish_after_the_end_spoils_nothing(self, kitchen: Kitchen) -> None:
        done = {"choices": [{"index": 0, "delta": {"content": "好"}, "finish_reason": "stop"}]}
        assert await kitchen.answer(fake.sends(done, b"data: {\n\n")) == "好"


class TestPatience:
    async def test_a_late_first_token_is_waited_for(self, kitchen: Kitchen) -> None:
        gate = asyncio.Event()
        kitchen.server.queue(fake.slow(gate, fake.answers("好")))
        answer = asyncio.create_task(kitchen.answer())
        await kitchen.server.arrival(1)
        gate.set()
        assert await answer == "好"

    @pytest.mark.parametrize(
        "behaviour",
        [
            pytest.param(fake.slow(asyncio.Event(), fake.answers("好")), id="no response"),
            pytest.param(fake.stalls(), id="no event"),
            pytest.param(fake.stalls(heartbeat=fake.KEEP_ALIVE), id="comments only"),
            pytest.param(fake.stalls(heartbeat=fake.EMPTY_DELTA), id="empty deltas only"),
        ],
    )
    async def test_no_first_token(self, kitchen: Kitchen, behaviour: fake.Behaviour) -> None:
        pieces, error = await kitchen.failure(behaviour, first_token_timeout_seconds=0.5, timeout_seconds=5)
        assert (pieces, type(error)) == ([], ModelUnavailableError)
        assert "silent" in error.message
        assert len(kitchen.server.requests) == 1
        await asyncio.wait_for(kitchen.server.requests[0].hung_up.wait(), 5)

    @pytest.mark.parametrize("heartbeat", [b"", fake.KEEP_ALIVE, fake.EMPTY_DELTA])
    async def test_a_stall(self, kitchen: Kitchen, heartbeat: bytes) -> None:
        stall = fake.stalls("先热", "锅", heartbeat=heartbeat)
        pieces, error = await kitchen.failure(stall, stall_timeout_seconds=0.1, timeout_seconds=5)
        assert (pieces, type(error)) == (["先热", "锅"], ModelUnavailableError)
        assert "silent" in error.message

    async def test_the_whole_answer_has_a_deadline(self, kitchen: Kitchen) -> None:
        pieces, error = await kitchen.failure(fake.stalls("先"), timeout_seconds=0.2)
        assert (pieces, type(error)) == (["先"], ModelUnavailableError)

    async def test_an_end_that_does_not_come_does_not_hold_a_finished_answer(self, kitchen: Kitchen) -> None:
        async def behave(exchange: fake.Exchange) -> Any:
            response = await exchange.begin()
            await fake.send(response, exchange.chunk({"content": "好"}, "stop"))
            await asyncio.Event().wait()

        assert await kitchen.answer(behave) == "好"


class TestHangingUp:
    async def test_closing_the_generator_hangs_up(self, kitchen: Kitchen) -> None:
        kitchen.server.queue(fake.stalls("先"))
        stream = kitchen.model().stream(PROMPT, FREE)
        assert await anext(stream) == "先"
        await stream.aclose()
        await asyncio.wait_for(kitchen.server.requests[0].hung_up.wait(), 5)

    @pytest.mark.parametrize("behaviour", [fake.stalls(), fake.slow(asyncio.Event(), fake.answers("好"))])
    async def test_cancelling_hangs_up(self, kitchen: Kitchen, behaviour: fake.Behaviour) -> None:
        answer = asyncio.create_task(kitchen.answer(behaviour))
        request = await kitchen.server.arrival(1)
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        await asyncio.wait_for(request.hung_up.wait(), 5)


class TestCheck:
    async def test_it_makes_one_small_call(self, kitchen: Kitchen) -> None:
        report = await kitchen.model(max_output_tokens=900).check()
        assert report.startswith("m at 127.0.0.1:")
        assert [request.body["max_tokens"] for request in kitchen.server.requests] == [16]

    async def test_a_model_that_thinks_first_is_alive(self, kitchen: Kitchen) -> None:
        kitchen.server.queue(fake.answers("<think>嗯", finish_reason="length"))
        assert "answered" in await kitchen.model().check()

    async def test_silence_is_an_error(self, kitchen: Kitchen) -> None:
        kitchen.server.queue(fake.answers())
        with pytest.raises(ModelResponseError):
            await kitchen.model().check()


def test_importing_the_module_does_not_import_openai() -> None:
    code = (
        "import sys, core.language_models.openai_language_model;"
        "print({'openai', 'httpx2', 'httpx'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout == "set()\n"
