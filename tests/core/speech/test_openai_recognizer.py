"""`OpenAiRecognizer`: what it sends, and what it makes of servers that fail."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import (
    ModelError,
    ModelRejectedError,
    ModelResponseError,
    ModelUnavailableError,
    SettingsError,
)
from core.speech.openai_recognizer import OpenAiRecognizer
from core.speech.queued_speech_to_text import QueuedSpeechToText
from tests.core.speech.sounds import babble
from tests.fakes import openai_behaviours as fake
from tests.fakes.transcription_server import TranscriptionServer, hears

KEY = "sk-secret-0123456789"


class Desk:
    """A server, a client before it, and the client's waits."""

    def __init__(self, server: TranscriptionServer) -> None:
        self.server = server
        self.waits: list[float] = []
        self.recognizer = OpenAiRecognizer(
            base_url=server.base_url, api_key=KEY, model="whisper-1", sleep=self._sleep
        )
        self.stt = QueuedSpeechToText(self.recognizer, timeout_seconds=30, max_waiting=8)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def failure(self, *behaviours: fake.Behaviour) -> ModelError:
        self.server.queue(*behaviours)
        with pytest.raises(ModelError) as caught:
            await self.stt.transcribe(babble(1))
        assert KEY not in "".join(traceback.format_exception(caught.value))
        return caught.value


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with TranscriptionServer(api_key=KEY).running() as server:
        desk = Desk(server)
        yield desk
        await desk.stt.close()


async def test_it_sends_a_wav_and_what_to_expect(desk: Desk) -> None:
    desk.server.queue(hears(" 宫保鸡丁怎么做 "))
    assert await desk.stt.transcribe(babble(1.5), hotwords=["宫保鸡丁", "鱼香肉丝"]) == "宫保鸡丁怎么做"
    assert desk.server.requests[0].body == {
        "model": "whisper-1",
        "language": "zh",
        "response_format": "json",
        "prompt": "宫保鸡丁、鱼香肉丝",
        "form": (1, 2, 16_000),
        "seconds": 1.5,
    }


async def test_without_hotwords_there_is_no_prompt(desk: Desk) -> None:
    assert await desk.stt.transcribe(babble(1)) == ""
    assert "prompt" not in desk.server.requests[0].body


async def test_a_long_list_is_cut(desk: Desk) -> None:
    await desk.stt.transcribe(babble(1), hotwords=[f"第{number}道好菜" for number in range(500)])
    assert len(desk.server.requests[0].body["prompt"]) <= 120


async def test_a_busy_server_is_asked_again(desk: Desk) -> None:
    desk.server.queue(fake.refuses(429, fake.RATE_LIMITED, Retry_After="1.5"), fake.refuses(503), hears("好"))
    assert await desk.stt.transcribe(babble(1)) == "好"
    assert desk.waits[0] == 1.5
    assert len(desk.waits) == 2


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (fake.sends(fake.HTML_PAGE, content_type="text/html"), ModelResponseError),
        (fake.sends(b"{", content_type="application/json"), ModelResponseError),
        (fake.sends(b"[]", content_type="application/json"), ModelResponseError),
        (fake.sends(b"null", content_type="application/json"), ModelResponseError),
        (hears("x" * 2_000_000), ModelResponseError),
        (hears(None), ModelResponseError),
        (hears(["a"]), ModelResponseError),
        (fake.refuses(200, Content_Encoding="gzip"), ModelResponseError),
    ],
    ids=["html", "half", "list", "null", "huge", "no text", "text is a list", "compressed"],
)  # fmt: skip
async def test_rubbish_is_no_transcript(
    desk: Desk, behaviour: fake.Behaviour, error: type[ModelError]
) -> None:
    assert type(await desk.failure(behaviour)) is error
    assert desk.waits == []


@pytest.mark.parametrize(
    ("behaviour", "setting"),
    [
        (fake.refuses(400), "STT_MODEL"),
        (fake.refuses(401, {"message": f"Incorrect API key provided: {KEY}"}), "STT_API_KEY"),
        (fake.refuses(404, fake.NO_SUCH_MODEL), "STT_MODEL"),
        (fake.refuses(413), "VOICE_MAX_SECONDS"),
        (fake.refuses(429, fake.NO_CREDIT), "STT_API_KEY"),
        (fake.refuses(307, Location="http://127.0.0.1:9/v1"), "STT_BASE_URL"),
    ],
)
async def test_the_setting_to_look_at_is_named(desk: Desk, behaviour: fake.Behaviour, setting: str) -> None:
    error = await desk.failure(behaviour)
    assert (type(error), desk.waits) == (ModelRejectedError, [])
    assert setting in error.message
    assert "LLM_" not in error.message


async def test_a_server_that_stays_down_is_told(desk: Desk) -> None:
    error = await desk.failure(*[fake.refuses(503)] * 3)
    assert (type(error), len(desk.waits)) == (ModelUnavailableError, 2)


async def test_who_gives_up_hangs_up(desk: Desk) -> None:
    desk.server.queue(fake.slow(asyncio.Event(), hears("nie")))
    call = asyncio.create_task(desk.stt.transcribe(babble(1)))
    request = await desk.server.arrival()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(request.hung_up.wait(), 5)


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        ({"base_url": "127.0.0.1:8000"}, "STT_BASE_URL"),
        ({"base_url": "http://me:secret@127.0.0.1/v1"}, "STT_BASE_URL"),
        ({"model": " "}, "STT_MODEL"),
        ({"api_key": "a b"}, "STT_API_KEY"),
    ],
)
def test_settings_that_cannot_be_right(wrong: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        OpenAiRecognizer(**{"base_url": "http://127.0.0.1/v1", "api_key": "", "model": "m", **wrong})
    assert caught.value.setting == setting
