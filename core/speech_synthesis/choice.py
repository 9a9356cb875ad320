"""Which voice the settings ask for."""

from __future__ import annotations

import importlib

from core.settings import Settings
from core.speech_synthesis.queued_speech_synthesizer import QueuedSpeechSynthesizer

BACKENDS = {
    "sherpa": "core.speech_synthesis.sherpa_speaker:SherpaSpeaker",
    "openai": "core.speech_synthesis.openai_speaker:OpenAiSpeaker",
}
"""Name → "module:Class"; each class is a `Speaker` with `from_settings`."""


def speech_synthesizer_for(settings: Settings) -> QueuedSpeechSynthesizer | None:
    """The backend of TTS_BACKEND, nothing loaded yet; None for none.

    Raises:
        SettingsError: its folder, voice, address or key cannot be right.
    """
    if settings.tts_backend == "none":
        return None
    module_name, _, class_name = BACKENDS[settings.tts_backend].partition(":")
    speaker_class = getattr(importlib.import_module(module_name), class_name)
    return QueuedSpeechSynthesizer(
        speaker_class.from_settings(settings), timeout_seconds=settings.tts_timeout_seconds
    )
