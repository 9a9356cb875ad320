"""The public side of every backend: whose turn it is, how long that may take, what goes in and comes out.

A backend is a `Recognizer`: it only recognises. Everything that all of them need stands here once.
"""

from __future__ import annotations

import asyncio
import re
import time
import unicodedata
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from core.errors import ModelUnavailableError
from core.turns import Turns
from core.voice_ports import Waveform

SAMPLE_RATE_HZ = 16_000
MAX_HOTWORDS = 200
"""Each costs time in every recognition; Paraformer's own examples name dozens."""
_MAX_HOTWORD_CHARACTERS = 16
_MIN_SECONDS = 0.1
"""Shorter than any word, and than what filter banks can be computed from."""
_MAX_TEXT_CHARACTERS = 4000
"""An hour of quick speech has more, but nobody asks a cook for an hour; a looping model writes more."""
_LOAD_SECONDS = 300.0
"""A gigabyte from a slow disk, with a library that takes 10 s to import."""


class Recognizer(Protocol):
    """One backend.

    Attributes:
        at_once: how many recordings it takes at the same time.
    """

    @property
    def name(self) -> str:
        """Backend and model."""

    @property
    def at_once(self) -> int:
        """How many recordings it takes at the same time."""

    async def prepare(self) -> None:
        """Load what it needs, once.

        Raises:
            ModelError: it cannot work.
        """

    async def recognize(self, waveform: Waveform, hotwords: Sequence[str]) -> str:
        """What is said in `waveform` (16 kHz, at least 0.1 s). Cancelled, it stops soon.

        Raises:
            ModelError: it failed.
        """

    async def close(self) -> None:
        """Release what it holds."""


class QueuedSpeechToText:
    """Implements `core.ports.SpeechToText` over any `Recognizer`.

    Args:
        recognizer: the backend.
        timeout_seconds: of one recognition, counted from its turn.
        max_waiting: how many recordings may wait for their turn.
    """

    def __init__(self, recognizer: Recognizer, *, timeout_seconds: float, max_waiting: int) -> None:
        self._recognizer = recognizer
        self._timeout_seconds = timeout_seconds
        self._turns = Turns(recognizer.at_once, max_waiting)

    @property
    def name(self) -> str:
        """Backend and model."""
        return self._recognizer.name

    async def transcribe(self, waveform: Waveform, *, hotwords: Sequence[str] = ()) -> str:
        """Write down `waveform` (16 kHz); "" when there is no speech in it.

        Raises:
            ModelUnavailableError: too many recordings wait, or it took too long.
            ModelRejectedError: the model cannot be loaded, or its server refuses.
            ModelResponseError: it failed on this recording.
        """
        _check_form(waveform)
        if waveform.duration_seconds < _MIN_SECONDS:
            return ""
        words = bounded_hotwords(hotwords)
        async with self._turns.taken(f"recordings wait for {self.name} already (STT_MAX_WAITING)"):
            await self._prepare()
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    text = await self._recognizer.recognize(waveform, words)
            except TimeoutError as exc:
                raise ModelUnavailableError(
                    f"{self.name} took longer than {self._timeout_seconds:g} s (STT_TIMEOUT_SECONDS) for"
                    f" {waveform.duration_seconds:.0f} s of sound"
                ) from exc
        return _clean(text)

    async def warm_up(self) -> None:
        """Load the model and let it hear a second of silence, so that the first cook does not wait for that.

        Raises:
            ModelError: as `transcribe`.
        """
        silence = np.zeros(SAMPLE_RATE_HZ, dtype=np.int16)
        await self.transcribe(Waveform(silence, SAMPLE_RATE_HZ))

    async def check(self) -> str:
        """Warm up, recognise a second of silence, and say how long that took.

        Raises:
            ModelError: as `transcribe`.
        """
        await self.warm_up()
        started = time.monotonic()
        await self.warm_up()
        milliseconds = (time.monotonic() - started) * 1000
        return f"{self.name} answered in {milliseconds:.0f} ms"

    async def close(self) -> None:
        """Release the model; a later call loads it again."""
        await self._recognizer.close()

    async def _prepare(self) -> None:
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                await self._recognizer.prepare()
        except TimeoutError as exc:
            raise ModelUnavailableError(f"{self.name} did not load within {_LOAD_SECONDS:g} s") from exc


def bounded_hotwords(hotwords: Sequence[str]) -> tuple[str, ...]:
    """The first `MAX_HOTWORDS` different words that are letters, digits and single blanks only."""
    words = dict.fromkeys(" ".join(word.split()) for word in hotwords[: 2 * MAX_HOTWORDS])
    fit = [word for word in words if len(word) <= _MAX_HOTWORD_CHARACTERS and re.fullmatch(r"[\w ]+", word)]
    return tuple(fit[:MAX_HOTWORDS])


def _check_form(waveform: Waveform) -> None:
    if waveform.sample_rate_hz != SAMPLE_RATE_HZ or waveform.samples.ndim != 1:
        raise ValueError(f"recognition takes mono sound at {SAMPLE_RATE_HZ} Hz")
    if waveform.samples.dtype != np.int16:
        raise ValueError(f"recognition takes int16 samples, not {waveform.samples.dtype}")


def _clean(text: str) -> str:
    """`text` on one line, bounded, without control characters or lone surrogates."""
    blanked = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[:_MAX_TEXT_CHARACTERS])
    return " ".join(blanked.split())
