"""`speech_to_text_for`: every name of STT_BACKEND leads to its class, and nothing is loaded yet."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import get_args

import pytest

from core.errors import ModelRejectedError
from core.settings import Settings, load_settings
from core.speech.choice import BACKENDS, speech_to_text_for
from core.speech.funasr_recognizer import FunAsrRecognizer
from core.speech.queued_speech_to_text import QueuedSpeechToText
from tests.core.speech.sounds import babble
from tests.fakes import tiny_paraformer as tiny

TINY_SHERPA = Path(__file__).parent / "tiny_sherpa"


def test_the_table_has_every_name() -> None:
    named = get_args(Settings.model_fields["stt_backend"].annotation)
    assert set(BACKENDS) == set(named) - {"none"}


def test_none_is_none() -> None:
    assert speech_to_text_for(load_settings(stt_backend="none", _env_file=None)) is None


async def test_a_backend_is_made_as_the_settings_say(tmp_path: Path) -> None:
    settings = {"sherpa": str(TINY_SHERPA), "openai": "whisper-1"}
    settings["paraformer"] = str(tiny.files_of(tiny.PARAFORMER, tmp_path / "zh"))
    made = [
        speech_to_text_for(load_settings(stt_backend=backend, stt_model=model, _env_file=None))
        for backend, model in settings.items()
    ]
    assert [stt.name for stt in made if stt] == ["sherpa/tiny_sherpa", "openai/whisper-1", "paraformer/zh"]
    assert await made[0].transcribe(babble(1))  # type: ignore[union-attr]
    await made[0].close()  # type: ignore[union-attr]


@pytest.mark.skipif(importlib.util.find_spec("funasr") is not None, reason="funasr is installed")
async def test_a_missing_library_says_how_to_install_it(tmp_path: Path) -> None:
    recognizer = FunAsrRecognizer(tiny.files_of(tiny.PARAFORMER, tmp_path))
    stt = QueuedSpeechToText(recognizer, timeout_seconds=10, max_waiting=1)
    with pytest.raises(ModelRejectedError, match="make setup-models"):
        await stt.check()
    await stt.close()
