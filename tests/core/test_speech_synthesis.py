"""The voice that the settings name, its queue and its limits."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from core.errors import ModelResponseError, ModelUnavailableError, SettingsError
from core.settings import load_settings
from core.speech_synthesis.choice import speech_synthesizer_for
from core.speech_synthesis.queued_speech_synthesizer import MAX_CHARACTERS, QueuedSpeechSynthesizer
from core.voice_ports import Waveform

SOUND = Waveform(np.ones(800, dtype=np.int16), 8000)


class PatientSpeaker:
    """Speaks when it is told to."""

    name = "patient"
    at_once = 1

    def __init__(self, *sounds: Waveform) -> None:
        self.sounds = list(sounds) or [SOUND]
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.said: list[str] = []

    async def prepare(self) -> None:
        """Nothing to load."""

    async def speak(self, text: str) -> Waveform:
        self.said.append(text)
        self.begun.set()
        await self.go_on.wait()
        return self.sounds[min(len(self.said), len(self.sounds)) - 1]

    async def close(self) -> None:
        """Nothing is held."""


def test_none_is_nobody() -> None:
    assert speech_synthesizer_for(load_settings()) is None


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"tts_backend": "openai"}, "TTS_MODEL"),
        ({"tts_backend": "openai", "tts_model": "m", "tts_base_url": "http://u:p@h/v1"}, "TTS_BASE_URL"),
        ({"tts_backend": "openai", "tts_model": "m", "tts_api_key": "a b"}, "TTS_API_KEY"),
        ({"tts_backend": "openai", "tts_model": "m", "tts_voice": "a\x07"}, "TTS_VOICE"),
        ({"tts_backend": "sherpa"}, "TTS_MODEL"),
        ({"tts_backend": "sherpa", "tts_model": "nowhere"}, "TTS_MODEL"),
        ({"tts_backend": "sherpa", "tts_voice": "xiaoxiao"}, "TTS_VOICE"),
    ],
)
def test_a_wrong_setting_is_named_at_once(settings: dict[str, object], fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        speech_synthesizer_for(load_settings(**settings))
    assert caught.value.setting == fault


async def test_only_so_many_sentences_wait() -> None:
    speaker = PatientSpeaker()
    voice = QueuedSpeechSynthesizer(speaker, max_waiting=1)
    calls = [asyncio.create_task(voice.synthesize(text)) for text in ("一", "二")]
    await speaker.begun.wait()
    with pytest.raises(ModelUnavailableError, match="1 sentences wait"):
        await voice.synthesize("三")
    speaker.go_on.set()
    assert await asyncio.gather(*calls) == [SOUND, SOUND]
    assert speaker.said == ["一", "二"]


async def test_a_sentence_that_takes_too_long_makes_room_for_the_next() -> None:
    speaker = PatientSpeaker()
    voice = QueuedSpeechSynthesizer(speaker, timeout_seconds=0.01)
    with pytest.raises(ModelUnavailableError, match="TTS_TIMEOUT_SECONDS"):
        await voice.synthesize("一")
    speaker.go_on.set()
    assert await voice.synthesize("二") == SOUND


async def test_words_are_put_on_one_line_and_made_sendable() -> None:
    speaker = PatientSpeaker()
    speaker.go_on.set()
    await QueuedSpeechSynthesizer(speaker).synthesize(" 炒\n匀\ud83c ")
    assert speaker.said == ["炒 匀?"]


@pytest.mark.parametrize("text", ["", " \n", "长" * (MAX_CHARACTERS + 1)])
async def test_what_is_no_sentence_is_a_mistake_of_the_caller(text: str) -> None:
    with pytest.raises(ValueError, match="a sentence of 1 to 300 characters"):
        await QueuedSpeechSynthesizer(PatientSpeaker()).synthesize(text)


@pytest.mark.parametrize(
    "sound",
    [
        Waveform(np.zeros(0, dtype=np.int16), 8000),
        Waveform(np.zeros(8000 * 61, dtype=np.int16), 8000),
        Waveform(np.zeros(10, dtype=np.int16), 1),
        Waveform(np.zeros((10, 2), dtype=np.int16), 8000),
        Waveform(np.zeros(10, dtype=np.float32), 8000),
    ],
)
async def test_what_is_no_speech_is_refused(sound: Waveform) -> None:
    speaker = PatientSpeaker(sound)
    speaker.go_on.set()
    with pytest.raises(ModelResponseError):
        await QueuedSpeechSynthesizer(speaker).synthesize("一")
