"""What every voice keeps to: the fake, a server, and sherpa-onnx on tiny voices of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.settings import load_settings
from core.speech_synthesis.choice import speech_synthesizer_for
from core.voice_ports import SpeechSynthesizer
from tests.fakes.fake_speech_synthesizer import FakeSpeechSynthesizer
from tests.fakes.speech_server import SpeechServer

VOICES = Path(__file__).parents[1] / "core" / "data"


@pytest.fixture(params=["fake", "openai", "sherpa-vits", "sherpa-kokoro"])
async def voice(request: pytest.FixtureRequest) -> AsyncIterator[SpeechSynthesizer]:
    backend, _, family = str(request.param).partition("-")
    async with SpeechServer().running() as server:
        model = str(VOICES / f"tiny_{family}") if family else "kokoro"
        settings = (
            load_settings(tts_backend=backend, tts_model=model, tts_base_url=server.base_url)
            if (backend != "fake")
            else load_settings()
        )
        synthesizer: SpeechSynthesizer = speech_synthesizer_for(settings) or FakeSpeechSynthesizer()
        yield synthesizer
        await synthesizer.close()


async def test_a_sentence_becomes_mono_sound(voice: SpeechSynthesizer) -> None:
    waveform = await voice.synthesize("你好，两克。")
    assert waveform.samples.dtype == np.int16
    assert waveform.samples.ndim == 1
    assert 8000 <= waveform.sample_rate_hz <= 48_000
    assert 0 < waveform.duration_seconds < 10
    assert waveform.samples.any()


async def test_longer_sentences_last_longer(voice: SpeechSynthesizer) -> None:
    short, long = await voice.synthesize("你好。"), await voice.synthesize("你好你好你好你好。")
    assert long.duration_seconds > 2 * short.duration_seconds
    assert long.sample_rate_hz == short.sample_rate_hz


async def test_callers_at_the_same_time_get_their_own(voice: SpeechSynthesizer) -> None:
    sentences = [f"{'你好' * number}。" for number in range(1, 9)]
    alone = [len((await voice.synthesize(sentence)).samples) for sentence in sentences]
    together = await asyncio.gather(*(voice.synthesize(sentence) for sentence in sentences))
    assert [len(waveform.samples) for waveform in together] == alone


async def test_check_says_who_spoke(voice: SpeechSynthesizer) -> None:
    assert (await voice.check()).startswith(f"{voice.name} spoke")


async def test_it_speaks_again_after_close(voice: SpeechSynthesizer) -> None:
    before = await voice.synthesize("你好。")
    await voice.close()
    await voice.close()
    assert np.array_equal((await voice.synthesize("你好。")).samples, before.samples)
