"""What the backends share that run a model in this process: a thread of their own, and its border."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.errors import BotError, ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.speech.worker_thread import WorkerThread
from core.voice_ports import Waveform

Sound = NDArray[np.float32]
"""float32 [n] in [-1, 1], mono, 16 kHz."""


class LocalRecognizer(ABC):
    """Implements `core.speech.queued_speech_to_text.Recognizer`; a backend fills in `_load` and `_texts`.

    Args:
        name: backend and model.
        install_hint: what to do when its library is missing.
    """

    at_once = 1

    def __init__(self, name: str, install_hint: str) -> None:
        self._name = name
        self._install_hint = install_hint
        self._is_loaded = False
        self._worker = WorkerThread(name)

    @property
    def name(self) -> str:
        """Backend and model."""
        return self._name

    async def prepare(self) -> None:
        """Import the library and load the model, once.

        Raises:
            ModelRejectedError: the library is missing or cannot load the model.
            ModelUnavailableError: there is not enough memory.
        """
        if not self._is_loaded:
            await self._worker.run(self._load_guarded)

    async def recognize(self, waveform: Waveform, hotwords: Sequence[str]) -> str:
        """What is said in `waveform`; cancelled, it stops after the piece at hand.

        Raises:
            ModelResponseError: the library failed.
            ModelUnavailableError: there is not enough memory, or an earlier recording does not end.
        """
        return await self._worker.run(partial(self._recognize_guarded, waveform, tuple(hotwords)))

    async def close(self) -> None:
        """Forget the model and end the thread."""
        self._worker.stop()
        self._is_loaded = False
        self._unload()

    @abstractmethod
    def _load(self) -> None:
        """Import the library and load the model. Blocking."""

    @abstractmethod
    def _unload(self) -> None:
        """Drop the model."""

    @abstractmethod
    def _texts(self, sound: Sound, hotwords: Sequence[str]) -> Iterator[str]:
        """What is said, piece by piece: work between two pieces is never more than half a minute of sound."""

    def _load_guarded(self, _given_up: threading.Event) -> None:
        if self._is_loaded:
            return
        try:
            self._load()
        except BotError:
            raise
        except ImportError as exc:
            raise ModelRejectedError(
                f"{self.name} needs a library that is not installed: {self._install_hint}"
            ) from exc
        except MemoryError as exc:
            raise ModelUnavailableError(f"{self.name} does not fit into memory") from exc
        except Exception as exc:
            raise ModelRejectedError(
                f"{self.name} cannot be loaded ({type(exc).__name__}): STT_MODEL holds files that are damaged"
                " or of another kind of model"
            ) from exc
        self._is_loaded = True

    def _recognize_guarded(
        self, waveform: Waveform, hotwords: Sequence[str], given_up: threading.Event
    ) -> str:
        sound = waveform.samples.astype(np.float32) / np.float32(32_768)
        texts = []
        try:
            for text in self._texts(sound, hotwords):
                if given_up.is_set():
                    break
                texts.append(text)
        except BotError:
            raise
        except MemoryError as exc:
            raise ModelUnavailableError(f"{self.name} ran out of memory") from exc
        except Exception as exc:
            raise ModelResponseError(f"{self.name} failed on a recording: {type(exc).__name__}") from exc
        return joined(texts)


def joined(texts: Sequence[str]) -> str:
    """`texts` in a row; a blank only between Latin words, where Chinese needs none."""
    return re.sub(r"(?<![A-Za-z0-9]) | (?![A-Za-z0-9])", "", " ".join(text.strip() for text in texts))
