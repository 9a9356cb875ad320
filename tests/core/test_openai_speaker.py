"""The speech server: what is asked of it, what it may send back, and how it fails."""

from __future__ import annotations

import struct
import traceback
from collections.abc import AsyncIterator

import numpy as np
import pytest

from core.errors import ModelError, ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.speech_synthesis.openai_speaker import OpenAiSpeaker
from core.speech_synthesis.queued_speech_synthesizer import QueuedSpeechSynthesizer
from core.speech_synthesis.wav import waveform_of
from tests.fakes.speech_server import Behaviour, SpeechServer, breaks_off, hangs, refuses, sends, wav

KEY = "sk-secret-0123456789"
WORDS = "第一步，热锅凉油。"


class Desk:
    """A server and voices that ask it."""

    def __init__(self, server: SpeechServer) -> None:
        self.server = server
        self.waits: list[float] = []
        self.voices: list[OpenAiSpeaker] = []

    def voice(self, **settings: object) -> OpenAiSpeaker:
        plain = {"base_url": self.server.base_url, "api_key": KEY, "model": "kokoro", "sleep": self._sleep}
        speaker = OpenAiSpeaker(**{**plain, **settings})  # type: ignore[arg-type]
        self.voices.append(speaker)
        return speaker

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def failure(self, *behaviours: Behaviour, **settings: object) -> ModelError:
        self.server.queue(*behaviours)
        with pytest.raises(ModelError) as caught:
            await self.voice(**settings).speak(WORDS)
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert KEY not in told
        assert WORDS not in told
        return caught.value


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with SpeechServer(KEY).running() as server:
        desk = Desk(server)
        yield desk
        for voice in desk.voices:
            await voice.close()


async def test_it_asks_for_wav_in_the_protocols_words(desk: Desk) -> None:
    waveform = await desk.voice(voice="zf_001", speed=1.25).speak(WORDS)
    assert (waveform.sample_rate_hz, waveform.duration_seconds) == (24_000, len(WORDS) / 10)
    assert desk.server.bodies == [
        {"model": "kokoro", "voice": "zf_001", "input": WORDS, "response_format": "wav", "speed": 1.25}
    ]
    assert "openai" not in {name.lower().split("-")[0] for name in desk.server.headers[0]}


async def test_what_is_not_set_is_left_to_the_server(desk: Desk) -> None:
    await desk.voice().speak(WORDS)
    assert set(desk.server.bodies[0]) == {"model", "input", "response_format"}


async def test_a_busy_server_is_asked_again(desk: Desk) -> None:
    desk.server.queue(refuses(503), refuses(429, **{"Retry-After": "7"}))
    assert (await desk.voice().speak(WORDS)).duration_seconds == len(WORDS) / 10
    assert len(desk.waits) == 2
    assert desk.waits[1] == 7


@pytest.mark.parametrize(
    ("behaviours", "error", "said"),
    [
        ([refuses(500)] * 3, ModelUnavailableError, "overloaded or failing"),
        ([refuses(429, "insufficient_quota")], ModelRejectedError, "TTS_API_KEY has no credit"),
        ([refuses(400)], ModelRejectedError, "check TTS_MODEL and TTS_VOICE"),
        ([refuses(404, "model_not_found")], ModelRejectedError, "check TTS_MODEL"),
        ([sends(b"<html>hello", "text/html")], ModelResponseError, "not a WAV file"),
        ([sends(b'{"text": "no sound"}', "application/json")], ModelResponseError, "not a WAV file"),
        ([sends(bytes(13 * 1024 * 1024))], ModelResponseError, "more than"),
        ([breaks_off] * 3, ModelError, "127.0.0.1"),
    ],
)
async def test_failures_are_told_apart(
    desk: Desk, behaviours: list[Behaviour], error: type[ModelError], said: str
) -> None:
    failure = await desk.failure(*behaviours)
    assert isinstance(failure, error)
    assert said in failure.message


async def test_a_wrong_key_names_its_setting(desk: Desk) -> None:
    assert "TTS_API_KEY" in (await desk.failure(api_key="sk-wrong")).message


async def test_nobody_there() -> None:
    speaker = OpenAiSpeaker(base_url="http://127.0.0.1:9/v1", api_key="", model="m", sleep=_at_once)
    with pytest.raises(ModelUnavailableError, match="is the server of TTS_BASE_URL up"):
        await speaker.speak(WORDS)
    await speaker.close()


async def _at_once(_seconds: float) -> None:
    """No waiting in tests."""


async def test_a_server_that_hangs_is_left(desk: Desk) -> None:
    desk.server.queue(hangs)
    voice = QueuedSpeechSynthesizer(desk.voice(), timeout_seconds=0.3)
    with pytest.raises(ModelUnavailableError, match="TTS_TIMEOUT_SECONDS"):
        await voice.synthesize(WORDS)


# ── WAV files ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_streams_unknown_length_is_the_rest(length: int) -> None:
    content = bytearray(wav(0.1))
    struct.pack_into("<I", content, 40, length)
    assert waveform_of(bytes(content), "s").duration_seconds == 0.1


def test_two_channels_are_mixed() -> None:
    waveform = waveform_of(wav(0.1, channels=2), "s")
    assert (len(waveform.samples), set(waveform.samples.tolist())) == (2400, {500})


def test_other_chunks_are_skipped() -> None:
    plain = wav(0.1)
    content = plain[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + plain[12:] + b"tail"
    assert np.array_equal(waveform_of(content, "s").samples, waveform_of(plain, "s").samples)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        wav(0.1)[:36],
        wav(0.1)[:20],
        b"OggS" + bytes(100),
        wav(0.1, sample_width=1),
        wav(0.1, channels=1).replace(b"fmt ", b"junk"),
        b"RIFF\xff\xff\xff\xffWAVE" + b"data\xff\xff\xff\xff" * 50,
    ],
)
def test_what_is_no_wav_is_refused(content: bytes) -> None:
    with pytest.raises(ModelResponseError, match="server answered with something that is not a WAV file"):
        waveform_of(content, "server")
