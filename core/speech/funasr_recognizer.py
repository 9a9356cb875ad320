"""Paraformer through funasr, on the CPU.

Gao et al., "Paraformer: Fast and Accurate Parallel Transformer for Non-autoregressive End-to-End Speech
Recognition" (2022). Long recordings are cut by FSMN-VAD, punctuation is set by CT-Transformer, when their
folders are given. `AutoModel.build_model` makes the models (see `funasr_folder`); `AutoModel` itself is left
out: it sets up logging, and its `generate` takes words for files and addresses.
"""

from __future__ import annotations

import logging
import random
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.settings import Settings
from core.speech.cutting import cut_at_silences
from core.speech.funasr_folder import (
    HOTWORD_MODELS,
    INSTALL_HINT,
    PUNCTUATION,
    RECOGNITION,
    VOICE_ACTIVITY,
    FunAsrFolder,
    read_funasr_folder,
    settings_fault,
)
from core.speech.local_recognizer import LocalRecognizer, Sound
from core.speech.queued_speech_to_text import SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

_MIN_COVERED = 0.95
"""Share of a model's numbers that model.pt must fill: what only training needs may be left out of it."""
_PADDING_SECONDS = 0.1
"""Kept around what the VAD finds: it begins a little late on soft consonants."""
_MIN_PIECE_SAMPLES = SAMPLE_RATE_HZ // 10


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model of funasr and what its `inference` wants besides the sound."""

    module: Any
    options: dict[str, Any]

    def infer(self, data: Any, **more: Any) -> list[dict[str, Any]]:
        """One result a piece of `data`; none when it found nothing."""
        outcome = self.module.inference(data_in=[data], key=["note"], **self.options, **more)
        results = outcome[0] if isinstance(outcome, tuple) else outcome
        return list(results)


class FunAsrRecognizer(LocalRecognizer):
    """Recognises with Paraformer, BiCif-, SeACo- or Contextual Paraformer; the last two take hotwords.

    Args:
        folder: of the model.
        vad_folder: of FSMN-VAD; None cuts long recordings at their quietest moments.
        punctuation_folder: of CT-Transformer; None leaves punctuation out.
        threads: of one recognition.

    Raises:
        SettingsError: a folder is missing, incomplete or of another kind.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        vad_folder: Path | None = None,
        punctuation_folder: Path | None = None,
        threads: int = 2,
    ) -> None:
        self._folder = read_funasr_folder(folder, "STT_MODEL", RECOGNITION)
        self._vad_folder = vad_folder and read_funasr_folder(vad_folder, "STT_VAD_MODEL", VOICE_ACTIVITY)
        self._punctuation_folder = punctuation_folder and read_funasr_folder(
            punctuation_folder, "STT_PUNCTUATION_MODEL", PUNCTUATION
        )
        self._threads = threads
        self._model: LoadedModel | None = None
        self._vad: LoadedModel | None = None
        self._punctuation: LoadedModel | None = None
        super().__init__(f"paraformer/{self._folder.folder.path.name}", INSTALL_HINT)

    @classmethod
    def from_settings(cls, settings: Settings) -> FunAsrRecognizer:
        """As the settings say."""
        return cls(
            settings.stt_model,
            vad_folder=settings.stt_vad_model,
            punctuation_folder=settings.stt_punctuation_model,
            threads=settings.stt_threads,
        )

    def _load(self) -> None:
        self._model = load_model(self._folder, threads=self._threads)
        if self._vad_folder:
            self._vad = load_model(self._vad_folder, threads=self._threads)
        if self._punctuation_folder:
            self._punctuation = load_model(self._punctuation_folder, threads=self._threads)

    def _unload(self) -> None:
        self._model = self._vad = self._punctuation = None

    def _texts(self, sound: Sound, hotwords: Sequence[str]) -> Iterator[str]:
        model = self._model
        if model is None:
            raise RuntimeError("used before it was loaded")
        takes_hotwords = self._folder.model in HOTWORD_MODELS
        more = {"hotword": " ".join(_speakable(hotwords)) or None} if takes_hotwords else {}
        for piece in self._pieces(sound):
            with torch_state(self._threads):
                results = model.infer(piece, **more)
                text = self._punctuated(str(results[0]["text"])) if results else ""
            yield text

    def _pieces(self, sound: Sound) -> Iterator[Sound]:
        if self._vad is None:
            yield from cut_at_silences(sound)
            return
        try:
            with torch_state(self._threads):
                found = self._vad.infer(sound, cache={}, is_final=True)
        except ValueError:  # it takes the logarithm of 0 where it is wholly certain (funasr 1.4.16)
            logger.warning("model=%s failed=yes", VOICE_ACTIVITY.title)
            yield from cut_at_silences(sound)
            return
        padding = int(_PADDING_SECONDS * SAMPLE_RATE_HZ)
        for begin_ms, end_ms in found[0]["value"] if found else []:
            begin = max(0, begin_ms * SAMPLE_RATE_HZ // 1000 - padding)
            piece = sound[begin : end_ms * SAMPLE_RATE_HZ // 1000 + padding]
            if len(piece) >= _MIN_PIECE_SAMPLES:
                yield from cut_at_silences(piece)

    def _punctuated(self, text: str) -> str:
        # Anything but words (an address, say) would be fetched instead of read.
        if self._punctuation is None or not re.fullmatch(r"[\w ']+", text) or not text.strip():
            return text
        results = self._punctuation.infer(text)
        return str(results[0]["text"]) if results else text


def load_model(folder: FunAsrFolder, *, threads: int) -> LoadedModel:
    """Build the model and fill it with its weights; leaves torch's threads and all seeds as they were.

    Raises:
        SettingsError: the weights are of another model.
        ImportError: funasr is not installed.
    """
    import torch

    with redirect_stdout(sys.stderr):  # it prints notices, and our output may be somebody's JSON
        from funasr import AutoModel

    logging.getLogger().addFilter(_NO_CHATTER)  # the same filter twice counts once
    with torch_state(threads):
        module, options = AutoModel.build_model(
            **folder.arguments, device="cpu", ncpu=threads, disable_update=True
        )
        state = torch.load(
            folder.weights, map_location="cpu", weights_only=True, mmap=_is_zip(folder.weights)
        )
        for wrapper in ("state_dict", "model_state_dict", "model"):
            state = state.get(wrapper, state)
        _fill(module, state, folder)
    return LoadedModel(module, {**options, "device": "cpu"})


def _fill(module: Any, state: dict[str, Any], folder: FunAsrFolder) -> None:
    wanted = module.state_dict()
    fitting = {
        name: state[name] for name in wanted if name in state and state[name].shape == wanted[name].shape
    }
    total = sum(tensor.numel() for tensor in wanted.values())
    covered = sum(tensor.numel() for tensor in fitting.values()) / max(total, 1)
    if covered < _MIN_COVERED:
        raise settings_fault(folder.folder, covered)
    if len(fitting) < len(wanted):
        logger.warning("model=%s weights_missing=%d", folder.model, len(wanted) - len(fitting))
    module.load_state_dict(fitting, strict=False)
    module.eval()


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


@contextmanager
def torch_state(threads: int) -> Iterator[None]:
    """Compute without gradients on `threads` threads; afterwards torch and all seeds are as they were."""
    import torch

    before = torch.get_num_threads()
    seeds = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        torch.set_num_threads(threads)
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(before)
        random.setstate(seeds[0])
        np.random.set_state(seeds[1])
        torch.set_rng_state(seeds[2])


def _speakable(hotwords: Sequence[str]) -> list[str]:
    """Those of Chinese characters alone: funasr takes a word like http or x.txt for an address or a file."""
    return [word for word in hotwords if re.fullmatch(r"[\u4e00-\u9fff]+", word)]


class _NoChatter(logging.Filter):
    """Drops what funasr tells the root logger below a warning: the hotwords of every call, for one."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or "funasr" not in Path(record.pathname).parts


_NO_CHATTER = _NoChatter()
