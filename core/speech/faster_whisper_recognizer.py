"""Whisper through faster-whisper (CTranslate2), from a local folder.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). On unclear sound Whisper
repeats itself until its token limit, at each of its temperatures: so tokens are capped by the length of the
sound, temperatures are two, and what it wrote before is never its prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.model_folder import ModelFolder
from core.settings import Settings
from core.speech.cutting import cut_at_silences
from core.speech.local_recognizer import LocalRecognizer, Sound
from core.speech.queued_speech_to_text import SAMPLE_RATE_HZ

_KIND = "Whisper model in CTranslate2 form"
_FILES = ("config.json", "model.bin", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_SPECIFICATION = b"WhisperSpec"
"""The name of the architecture, near the start of model.bin (ctranslate2.specs)."""
_TOKENS_PER_SECOND = 8
"""Mandarin in a hurry has 6 syllables a second, and Whisper 1.3 tokens a syllable."""
_SPARE_TOKENS = 16
_MAX_HOTWORD_CHARACTERS = 60
_TEMPERATURES = (0.0, 0.4)
_MAX_NO_SPEECH = 0.4
"""Whisper base gave spoken questions 0.09 at most, noise of 10 dB among them, and silence and hiss 0.44 and
more. Its own rule also asks for unsure words, but hotwords make it sure: it heard 红烧肉 in a hiss."""
_STYLE = "以下是普通话的句子。"
"""Whisper writes on as its prompt begins: in Simplified characters."""


class FasterWhisperRecognizer(LocalRecognizer):
    """Recognises with a multilingual Whisper.

    Args:
        folder: with model.bin, config.json, tokenizer.json and a vocabulary.
        threads: of one recognition.

    Raises:
        SettingsError: the folder is missing, incomplete or of another kind.
    """

    def __init__(self, folder: str | Path, *, threads: int = 2) -> None:
        self._folder = _checked_folder(folder)
        self._threads = threads
        self._model: Any = None
        super().__init__(f"faster-whisper/{self._folder.path.name}", "make setup-models")

    @classmethod
    def from_settings(cls, settings: Settings) -> FasterWhisperRecognizer:
        """As the settings say."""
        return cls(settings.stt_model, threads=settings.stt_threads)

    def _load(self) -> None:
        from faster_whisper import WhisperModel

        model = WhisperModel(
            str(self._folder.path),
            device="cpu",
            compute_type="int8",
            cpu_threads=self._threads,
            local_files_only=True,
        )
        if not model.model.is_multilingual:
            raise self._folder.fault(f"the Whisper model in {self._folder.path} knows English only")
        self._model = model

    def _unload(self) -> None:
        self._model = None

    def _texts(self, sound: Sound, hotwords: Sequence[str]) -> Iterator[str]:
        for piece in cut_at_silences(sound):
            seconds = len(piece) / SAMPLE_RATE_HZ
            segments, _ = self._model.transcribe(
                piece,
                language="zh",
                initial_prompt=_STYLE,
                hotwords=short_list(hotwords, _MAX_HOTWORD_CHARACTERS) or None,
                temperature=_TEMPERATURES,
                best_of=1,
                condition_on_previous_text=False,
                without_timestamps=True,
                no_speech_threshold=None,
                max_new_tokens=_SPARE_TOKENS + int(seconds * _TOKENS_PER_SECOND),
            )
            yield "".join(segment.text for segment in segments if segment.no_speech_prob <= _MAX_NO_SPEECH)


def short_list(words: Sequence[str], max_characters: int) -> str:
    """As many of `words` from the first on as fit, joined as in a Chinese sentence."""
    listed = ""
    for word in words:
        longer = f"{listed}、{word}" if listed else word
        if len(longer) > max_characters:
            break
        listed = longer
    return listed


def _checked_folder(value: str | Path) -> ModelFolder:
    folder = ModelFolder.opened(value, "STT_MODEL")
    vocabulary = next((name for name in _VOCABULARIES if (folder.path / name).is_file()), _VOCABULARIES[0])
    folder.require((*_FILES, vocabulary), _KIND)
    with (folder.path / "model.bin").open("rb") as file:
        if _SPECIFICATION not in file.read(64):
            raise folder.fault(f"no {_KIND}: model.bin in {folder.path} is of another architecture")
    for name in ("config.json", "tokenizer.json"):
        folder.json(name)
    return folder
