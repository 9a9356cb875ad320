"""The public side of every voice: whose turn it is, how long that may take, what goes in and comes out.

A backend is a `Speaker`: it only speaks. Everything that all of them need stands here once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import numpy as np

from core.errors import ModelError, ModelResponseError, ModelUnavailableError
from core.turns import Turns
from core.voice_ports import Waveform

MAX_CHARACTERS = 300
"""A sentence or two; `core.narration` sends at most a fifth of it."""
MAX_SECONDS = 60.0
"""A sentence that lasts longer is a model gone astray."""
SAMPLE_RATES_HZ = range(8000, 48_001)
_LOAD_SECONDS = 120.0
"""325 MB from a slow disk."""
_MAX_WAITING = 32
"""Each answer that is read aloud has one sentence waiting at a time."""


class Speaker(Protocol):
    """One backend."""

    @property
    def name(self) -> str:
        """Backend, model and voice."""

    @property
    def at_once(self) -> int:
        """How many sentences it takes at the same time."""

    async def prepare(self) -> None:
        """Load what it needs, once.

        Raises:
            ModelError: it cannot work.
        """

    async def speak(self, text: str) -> Waveform:
        """Say `text`. Cancelled, it stops soon.

        Raises:
            ModelError: it failed.
        """

    async def close(self) -> None:
        """Release what it holds."""


class QueuedSpeechSynthesizer:
    """Implements `core.ports.SpeechSynthesizer` over any `Speaker`.

    Args:
        speaker: the backend.
        timeout_seconds: of one sentence, counted from its turn.
        max_waiting: how many sentences may wait for their turn.
    """

    def __init__(
        self, speaker: Speaker, *, timeout_seconds: float = 60, max_waiting: int = _MAX_WAITING
    ) -> None:
        self._speaker = speaker
        self._timeout_seconds = timeout_seconds
        self._turns = Turns(speaker.at_once, max_waiting)

    @property
    def name(self) -> str:
        """Backend, model and voice."""
        return self._speaker.name

    async def synthesize(self, text: str) -> Waveform:
        """Speak `text`, at most `MAX_CHARACTERS` of plain words.

        Raises:
            ModelUnavailableError: too many sentences wait, or it took too long.
            ModelRejectedError: the voice cannot be loaded, or its server refuses.
            ModelResponseError: what came is not the speech of a sentence.
        """
        words = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
        if not words or len(words) > MAX_CHARACTERS:
            raise ValueError(f"a sentence of 1 to {MAX_CHARACTERS} characters is spoken, not {len(words)}")
        async with self._turns.taken(f"sentences wait for {self.name} already"):
            async with self._limit(_LOAD_SECONDS, "to load"):
                await self._speaker.prepare()
            async with self._limit(self._timeout_seconds, "for a sentence (TTS_TIMEOUT_SECONDS)"):
                waveform = await self._speaker.speak(words)
        return self._checked(waveform)

    async def check(self) -> str:
        """Speak a short sentence, and say how long that took once everything was loaded.

        Raises:
            ModelError: as `synthesize`.
        """
        await self.synthesize("你好。")
        started = time.monotonic()
        waveform = await self.synthesize("你好。")
        milliseconds = (time.monotonic() - started) * 1000
        return f"{self.name} spoke {waveform.duration_seconds:.1f} s of sound in {milliseconds:.0f} ms"

    async def close(self) -> None:
        """Release the voice; a later call loads it again."""
        await self._speaker.close()

    def _checked(self, waveform: Waveform) -> Waveform:
        samples, rate = waveform.samples, waveform.sample_rate_hz
        if samples.ndim != 1 or samples.dtype != np.int16 or rate not in SAMPLE_RATES_HZ:
            raise ModelResponseError(f"{self.name} gave something that is no mono sound of 16 bits")
        if not len(samples) or waveform.duration_seconds > MAX_SECONDS:
            seconds = waveform.duration_seconds
            raise ModelResponseError(f"{self.name} gave {seconds:.1f} s of sound for a sentence")
        return waveform

    @asynccontextmanager
    async def _limit(self, seconds: float, what: str) -> AsyncIterator[None]:
        """Nothing but the project's own errors leaves the body, and nothing later than this."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except ModelError:
            raise
        except TimeoutError as exc:
            raise ModelUnavailableError(f"{self.name} took longer than {seconds:g} s {what}") from exc
