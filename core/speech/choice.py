"""Which backend the settings ask for."""

from __future__ import annotations

import importlib

from core.settings import Settings
from core.speech.queued_speech_to_text import QueuedSpeechToText

BACKENDS = {
    "paraformer": "core.speech.funasr_recognizer:FunAsrRecognizer",
    "sherpa": "core.speech.sherpa_recognizer:SherpaRecognizer",
    "faster-whisper": "core.speech.faster_whisper_recognizer:FasterWhisperRecognizer",
    "openai": "core.speech.openai_recognizer:OpenAiRecognizer",
}
"""Name → "module:Class"; each class is a `Recognizer` with `from_settings`."""


def speech_to_text_for(settings: Settings) -> QueuedSpeechToText | None:
    """The backend of STT_BACKEND, nothing loaded yet; None for none.

    Raises:
        SettingsError: its folder, address or key cannot be right.
        ModelRejectedError: its library is not installed.
    """
    if settings.stt_backend == "none":
        return None
    module_name, _, class_name = BACKENDS[settings.stt_backend].partition(":")
    recognizer_class = getattr(importlib.import_module(module_name), class_name)
    return QueuedSpeechToText(
        recognizer_class.from_settings(settings),
        timeout_seconds=settings.stt_timeout_seconds,
        max_waiting=settings.stt_max_waiting,
    )
