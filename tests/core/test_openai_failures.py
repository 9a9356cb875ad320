"""What `OpenAiLanguageModel` makes of servers that fail: rubbish, refusals, retries."""

from __future__ import annotations

import asyncio
import email.utils
import socket
import time
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import ModelRejectedError, ModelResponseError, ModelUnavailableError, SettingsError
from core.language_models.openai_language_model import OpenAiLanguageModel
from tests.core.openai_kitchen import KEY, QUESTION, Kitchen, assert_discreet, open_kitchen
from tests.fakes import openai_behaviours as fake

RIGHT: dict[str, Any] = {"base_url": "http://127.0.0.1/v1", "api_key": KEY, "model": "m"}


@pytest.fixture
async def kitchen() -> AsyncIterator[Kitchen]:
    async with open_kitchen() as kitchen:
        yield kitchen


class TestRubbish:
    @pytest.mark.parametrize(
        "behaviour",
        [
            pytest.param(fake.NAMED_BEHAVIOURS["fake-html"], id="html"),
            pytest.param(fake.NAMED_BEHAVIOURS["fake-invalid-json"], id="invalid json"),
            pytest.param(fake.NAMED_BEHAVIOURS["fake-no-choices"], id="no choices"),
            pytest.param(
                fake.sends(b"data: [1, 2]\n\n", b"data: 7\n\n", b"data: null\n\n"), id="not objects"
            ),
            pytest.param(fake.sends({"choices": [{"delta": {"content": [1]}}]}), id="content is a list"),
            pytest.param(
                fake.sends({"choices": [None]}, {"choices": "a"}, {"choices": [{}]}), id="odd choices"
            ),
            pytest.param(fake.sends({"choices": [{"message": {"content": "好"}}]}), id="not a stream"),
            pytest.param(fake.sends(b'data: {"choices": "\xff"}\n\n'), id="not UTF-8"),
            pytest.param(fake.sends(), id="nothing"),
            pytest.param(fake.sends(fake.DONE), id="nothing but the end"),
            pytest.param(fake.answers(), id="empty answer"),
            pytest.param(fake.answers(" ", "\n"), id="blank answer"),
            pytest.param(fake.answers("<think>只有想法"), id="only thoughts"),
            pytest.param(fake.sends({"error": {"message": QUESTION + KEY, "code": 503}}), id="error event"),
            pytest.param(fake.endless_line(), id="endless line"),
        ],
    )
    async def test_it_is_an_error_and_never_an_answer(
        self, kitchen: Kitchen, behaviour: fake.Behaviour
    ) -> None:
        pieces, error = await kitchen.failure(behaviour)
        assert (pieces, type(error)) == ([], ModelResponseError)
        assert kitchen.waits == []
        assert_discreet(error)

    @pytest.mark.parametrize("politely", [False, True])
    async def test_an_answer_that_breaks_off(self, kitchen: Kitchen, politely: bool) -> None:
        pieces, error = await kitchen.failure(fake.breaks_off("先热", "锅", politely=politely))
        assert (pieces, type(error)) == (["先热", "锅"], ModelResponseError)
        assert len(kitchen.server.requests) == 1

    async def test_an_answer_cut_by_a_content_filter(self, kitchen: Kitchen) -> None:
        pieces, error = await kitchen.failure(fake.answers("先", finish_reason="content_filter"))
        assert (pieces, type(error)) == (["先"], ModelResponseError)

    async def test_an_endless_answer_is_given_up(self, kitchen: Kitchen) -> None:
        pieces, error = await kitchen.failure(fake.endless("盐" * 10), max_answer_characters=100)
        assert ("".join(pieces), type(error)) == ("盐" * 100, ModelResponseError)
        await asyncio.wait_for(kitchen.server.requests[0].hung_up.wait(), 5)

    async def test_a_compressed_answer_is_refused(self, kitchen: Kitchen) -> None:
        _, error = await kitchen.failure(fake.refuses(200, Content_Encoding="gzip"))
        assert type(error) is ModelResponseError


class TestRetries:
    async def test_retry_after_is_honoured(self, kitchen: Kitchen) -> None:
        busy = fake.refuses(429, fake.RATE_LIMITED, Retry_After="1.5")
        assert await kitchen.answer(busy, fake.answers("好")) == "好"
        assert kitchen.waits == [1.5]

    async def test_retry_after_may_be_a_date(self, kitchen: Kitchen) -> None:
        date = email.utils.formatdate(time.time() + 10, usegmt=True)
        assert await kitchen.answer(fake.refuses(503, Retry_After=date), fake.answers("好")) == "好"
        assert 5 < kitchen.waits[0] <= 10

    @pytest.mark.parametrize("value", ["3600", "inf", "1e999"])
    async def test_a_server_that_asks_for_too_long_is_left_alone(self, kitchen: Kitchen, value: str) -> None:
        _, error = await kitchen.failure(fake.refuses(429, fake.RATE_LIMITED, Retry_After=value))
        assert (type(error), kitchen.waits) == (ModelUnavailableError, [])

    @pytest.mark.parametrize("value", ["soon", "nan", ""])
    async def test_an_odd_retry_after_is_ignored(self, kitchen: Kitchen, value: str) -> None:
        assert await kitchen.answer(fake.refuses(429, Retry_After=value), fake.answers("好")) == "好"
        assert 0.25 <= kitchen.waits[0] <= 0.5

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
    async def test_retries_wait_longer_each_time_and_end(self, kitchen: Kitchen, status: int) -> None:
        _, error = await kitchen.failure(*[fake.refuses(status, "<h1>busy</h1>")] * 4, max_retries=3)
        assert type(error) is ModelUnavailableError
        assert len(kitchen.server.requests) == 4
        for wait, longest in zip(kitchen.waits, [0.5, 1.0, 2.0], strict=True):
            assert longest / 2 <= wait <= longest

    async def test_a_refused_connection_is_tried_again(self, kitchen: Kitchen) -> None:
        _, error = await kitchen.failure(base_url=f"http://127.0.0.1:{closed_port()}/v1")
        assert type(error) is ModelUnavailableError
        assert len(kitchen.waits) == 2
        assert_discreet(error)

    async def test_nothing_is_retried_after_the_first_piece(self, kitchen: Kitchen) -> None:
        pieces, _ = await kitchen.failure(fake.breaks_off("先"), fake.answers("好"))
        assert (pieces, kitchen.waits, len(kitchen.server.requests)) == (["先"], [], 1)

    async def test_a_wait_beyond_the_deadline_is_not_begun(self, kitchen: Kitchen) -> None:
        _, error = await kitchen.failure(fake.refuses(429, Retry_After="15"), timeout_seconds=10)
        assert (type(error), kitchen.waits) == (ModelUnavailableError, [])

    async def test_a_huge_error_page_is_cut(self, kitchen: Kitchen) -> None:
        _, error = await kitchen.failure(fake.refuses(500, "x" * 5_000_000), max_retries=0)
        assert type(error) is ModelUnavailableError


class TestRefusals:
    @pytest.mark.parametrize(
        ("behaviour", "settings"),
        [
            (fake.refuses(400), ["LLM_MODEL", "LLM_TEMPERATURE", "LLM_CONTEXT_TOKENS"]),
            (fake.refuses(401, {"message": f"Incorrect API key provided: {KEY}"}), ["LLM_API_KEY"]),
            (fake.refuses(402), ["LLM_API_KEY"]),
            (fake.refuses(403), ["LLM_API_KEY", "LLM_MODEL"]),
            (fake.refuses(404, fake.NO_SUCH_MODEL), ["LLM_MODEL"]),
            (fake.refuses(404, "404 page not found"), ["LLM_MODEL", "LLM_BASE_URL"]),
            (fake.refuses(422), ["LLM_MODEL"]),
            (fake.refuses(429, fake.NO_CREDIT), ["LLM_API_KEY"]),
            (fake.refuses(307, Location="http://127.0.0.1:9/v1"), ["LLM_BASE_URL"]),
        ],
    )
    async def test_the_setting_to_look_at_is_named(
        self, kitchen: Kitchen, behaviour: fake.Behaviour, settings: list[str]
    ) -> None:
        _, error = await kitchen.failure(behaviour)
        assert (type(error), kitchen.waits) == (ModelRejectedError, [])
        assert [name for name in settings if name in error.message] == settings
        assert_discreet(error)

    async def test_a_wrong_key_is_not_repeated(self, kitchen: Kitchen) -> None:
        _, error = await kitchen.failure(api_key="sk-wrong-9876543210")
        assert type(error) is ModelRejectedError
        assert "sk-wrong" not in "".join(traceback.format_exception(error))

    async def test_a_wrong_path_points_at_the_address(self, kitchen: Kitchen) -> None:
        _, error = await kitchen.failure(base_url=kitchen.server.base_url.removesuffix("/v1"))
        assert type(error) is ModelRejectedError
        assert "LLM_BASE_URL" in error.message

    @pytest.mark.parametrize(
        ("wrong", "setting"),
        [
            ({"base_url": "127.0.0.1:11434/v1"}, "LLM_BASE_URL"),
            ({"base_url": "ftp://127.0.0.1/v1"}, "LLM_BASE_URL"),
            ({"base_url": "http:///v1"}, "LLM_BASE_URL"),
            ({"base_url": "http://127.0.0.1:99999/v1"}, "LLM_BASE_URL"),
            ({"base_url": f"http://me:{KEY}@127.0.0.1/v1"}, "LLM_BASE_URL"),
            ({"base_url": f"http://127.0.0.1/v1?key={KEY}"}, "LLM_BASE_URL"),
            ({"model": " "}, "LLM_MODEL"),
            ({"api_key": f"{KEY}\n{KEY}"}, "LLM_API_KEY"),
            ({"api_key": f"密码{KEY}"}, "LLM_API_KEY"),
        ],
    )
    def test_settings_that_cannot_be_right(self, wrong: dict[str, Any], setting: str) -> None:
        with pytest.raises(SettingsError) as caught:
            OpenAiLanguageModel(**RIGHT | wrong)
        assert caught.value.setting == setting
        assert KEY not in str(caught.value)

    def test_the_key_is_not_in_the_repr(self) -> None:
        model = OpenAiLanguageModel(base_url="http://127.0.0.1/v1", api_key=KEY, model="m")
        assert KEY not in repr(model) + model.name


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
