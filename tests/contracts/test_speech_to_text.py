"""What every `SpeechToText` does alike: a scripted one, sherpa-onnx, the OpenAI client before a server.

funasr and faster-whisper join in where requirements-models.txt is installed (mark `models`).
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.speech.openai_recognizer import OpenAiRecognizer
from core.speech.queued_speech_to_text import QueuedSpeechToText, Recognizer
from core.speech.sherpa_recognizer import SherpaRecognizer
from core.voice_ports import (
    SpeechToText,
    Waveform,
)
from tests.core.speech.sounds import babble, in_a_row, silence
from tests.fakes import tiny_paraformer
from tests.fakes.scripted_recognizer import ScriptedRecognizer
from tests.fakes.transcription_server import TranscriptionServer, hears

TINY_SHERPA = Path(__file__).parents[1] / "core" / "speech" / "tiny_sherpa"
HOTWORDS = ("宫保鸡丁", "http://127.0.0.1:9/list.txt", "番茄 炒蛋", "\0", "x" * 1000, "")
HAS_MODELS = all(importlib.util.find_spec(name) for name in ("torch", "funasr", "faster_whisper"))
MODEL_MARKS = [
    pytest.mark.models,
    pytest.mark.skipif(not HAS_MODELS, reason="requirements-models.txt is not installed"),
    pytest.mark.filterwarnings("ignore"),  # of libraries that are not ours, while they are imported
]
BACKENDS = [
    "scripted",
    "openai",
    "sherpa",
    pytest.param("paraformer", marks=MODEL_MARKS),
    pytest.param("faster-whisper", marks=MODEL_MARKS),
]


async def recognizer_of(backend: str, folder: Path, stack: AsyncExitStack) -> Recognizer:
    if backend == "openai":
        server = await stack.enter_async_context(TranscriptionServer().running())
        server.queue(*[hears("甲乙")] * 30)
        return OpenAiRecognizer(base_url=server.base_url, api_key="", model="m")
    if backend == "sherpa":
        return SherpaRecognizer(TINY_SHERPA)
    if backend == "paraformer":
        from core.speech.funasr_recognizer import FunAsrRecognizer

        return FunAsrRecognizer(tiny_paraformer.make_folder(tiny_paraformer.PARAFORMER, folder))
    if backend == "faster-whisper":
        from core.speech.faster_whisper_recognizer import FasterWhisperRecognizer
        from tests.fakes.tiny_whisper import make_folder

        return FasterWhisperRecognizer(make_folder(folder))
    return ScriptedRecognizer(["甲乙"] * 30)


@pytest.fixture(params=BACKENDS)
async def stt(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SpeechToText]:
    async with AsyncExitStack() as stack:
        recognizer = await recognizer_of(request.param, tmp_path / "model", stack)
        stt = QueuedSpeechToText(recognizer, timeout_seconds=60, max_waiting=19)
        stack.push_async_callback(stt.close)
        yield stt


class TestSpeechToText:
    def test_it_has_a_name(self, stt: SpeechToText) -> None:
        assert stt.name

    async def test_the_same_recording_gives_the_same_words(self, stt: SpeechToText) -> None:
        first = await stt.transcribe(babble(2))
        assert first
        assert await stt.transcribe(babble(2)) == first

    async def test_hotwords_of_any_kind_do_no_harm(self, stt: SpeechToText) -> None:
        assert await stt.transcribe(babble(2), hotwords=HOTWORDS)

    async def test_too_short_for_a_word_is_nothing(self, stt: SpeechToText) -> None:
        assert [await stt.transcribe(silence(seconds)) for seconds in (0, 0.005, 0.09)] == ["", "", ""]

    async def test_the_shortest_and_the_longest_are_taken(self, stt: SpeechToText) -> None:
        short = await stt.transcribe(babble(0.1))
        long = await stt.transcribe(in_a_row(babble(40), silence(1), babble(20, seed=2)))
        assert (type(short), type(long)) == (str, str)

    async def test_twenty_at_once_are_all_answered(self, stt: SpeechToText) -> None:
        words = await stt.transcribe(babble(0.5))
        texts = await asyncio.gather(*(stt.transcribe(babble(0.5)) for _ in range(20)))
        assert texts == [words] * 20

    async def test_a_call_can_be_given_up(self, stt: SpeechToText) -> None:
        words = await stt.transcribe(babble(1))
        given_up = asyncio.create_task(stt.transcribe(babble(30)))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        assert await stt.transcribe(babble(1)) == words

    async def test_check_says_what_answered(self, stt: SpeechToText) -> None:
        assert "answered" in await stt.check()

    async def test_closing_twice_is_harmless(self, stt: SpeechToText) -> None:
        await stt.close()
        await stt.close()

    @pytest.mark.parametrize("rate_hz", [8000, 48_000])
    async def test_other_rates_are_a_mistake_of_the_caller(self, stt: SpeechToText, rate_hz: int) -> None:
        with pytest.raises(ValueError, match="16000"):
            await stt.transcribe(Waveform(babble(1).samples, rate_hz))
