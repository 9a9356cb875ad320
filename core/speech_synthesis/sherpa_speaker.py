"""A voice on the CPU through sherpa-onnx: VITS, Matcha or Kokoro from a local folder, no torch.

docs/decisions/0008-speech-synthesis.md says why this one. It speaks in a process of its own; see
`sherpa_worker`.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

from core.errors import ModelRejectedError, SettingsError
from core.settings import Settings
from core.speech_synthesis.sherpa_voice import voice_in
from core.speech_synthesis.speaking_process import SpeakingProcess
from core.voice_ports import Waveform

_WORKER = Path(__file__).with_name("sherpa_worker.py")
_THREADS = 2
_SPEAKER = re.compile("[0-9]{1,4}")


class SherpaSpeaker:
    """Implements `core.speech_synthesis.queued_speech_synthesizer.Speaker`.

    Args:
        folder: of the voice.
        speaker: number of the speaker, for voices with several.
        speed: 1 is the voice's own pace.
        threads: of one sentence.

    Raises:
        SettingsError: the folder is missing, incomplete, or of another kind.
    """

    at_once = 1

    def __init__(self, folder: str, *, speaker: int = 0, speed: float = 1.0, threads: int = _THREADS) -> None:
        voice = voice_in(folder)
        self._speaker = speaker
        self._voice_name = voice.name
        form = {
            "family": voice.family,
            "files": voice.files,
            "rule_fsts": voice.rule_fsts,
            "threads": threads,
            "speaker": speaker,
            "speed": speed,
        }
        command = (sys.executable, "-I", str(_WORKER), json.dumps(form))
        self._process = SpeakingProcess(command, self.name)

    @classmethod
    def from_settings(cls, settings: Settings) -> SherpaSpeaker:
        """As the settings say.

        Raises:
            SettingsError: the folder is not that of a voice, or TTS_VOICE is no number.
        """
        number = settings.tts_voice.strip() or "0"
        if not _SPEAKER.fullmatch(number):
            raise SettingsError(
                "TTS_VOICE", "must be the number of a speaker, 0 or more, with TTS_BACKEND=sherpa"
            )
        return cls(settings.tts_model, speaker=int(number), speed=settings.tts_speed)

    @property
    def name(self) -> str:
        """Backend, voice and speaker."""
        return f"sherpa/{self._voice_name}/{self._speaker}"

    async def prepare(self) -> None:
        """Start the process, once, and wait until the voice is loaded.

        Raises:
            ModelRejectedError: sherpa-onnx is not installed, the voice does not load, or lacks the speaker.
        """
        if importlib.util.find_spec("sherpa_onnx") is None:
            raise ModelRejectedError("TTS_BACKEND=sherpa needs sherpa-onnx: pip install -r requirements.txt")
        await self._process.start()
        if self._speaker >= self._process.speakers:
            last = self._process.speakers - 1
            await self._process.close()
            raise ModelRejectedError(f"{self._voice_name} has the speakers 0 to {last}: change TTS_VOICE")

    async def speak(self, text: str) -> Waveform:
        """Say `text`; cancelled, it ends the process and the next sentence starts another.

        Raises:
            ModelResponseError: the process ended, or gave no sound of a sentence.
        """
        return await self._process.say(text)

    async def close(self) -> None:
        """End the process; a later call starts another."""
        await self._process.close()
