"""The roles of ears and voice: what hears, what speaks, and who knows how dishes sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Waveform:
    """Mono sound: int16 [n] at `sample_rate_hz`, full scale ±32,767."""

    samples: NDArray[np.int16]
    sample_rate_hz: int

    @property
    def duration_seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.sample_rate_hz


class SpeechToText(Protocol):
    """Writes down what is said."""

    @property
    def name(self) -> str:
        """What backs it: backend and model."""

    async def transcribe(self, waveform: Waveform, *, hotwords: Sequence[str] = ()) -> str:
        """Write down `waveform` (16 kHz).

        Args:
            waveform: what was recorded.
            hotwords: words to expect; a backend that takes none ignores them.

        Returns:
            The words; "" when there was no speech in it.

        Raises:
            ModelError: the model failed, has too many calls waiting, or took too long.
        """

    async def check(self) -> str:
        """Make one small real call and say what answered.

        Raises:
            ModelError: the model does not work.
        """

    async def close(self) -> None:
        """Release what it holds."""


class SpeechSynthesizer(Protocol):
    """Reads text aloud, in Mandarin."""

    @property
    def name(self) -> str:
        """What backs it: backend, model and voice."""

    async def synthesize(self, text: str) -> Waveform:
        """Speak `text`, a sentence or two of plain words without digits or units, at any rate.

        Raises:
            ModelError: the model failed or took too long.
        """

    async def check(self) -> str:
        """Make one small real call and say what answered.

        Raises:
            ModelError: the model does not work.
        """

    async def close(self) -> None:
        """Release what it holds."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a misheard sentence was probably meant to say.

    Attributes:
        text: the sentence, the dish's name corrected; as it was when nothing like a dish was in it.
        dish: the dish's name as the index has it; "" when there is none.
        confidence: in [0, 1], the chance that `dish` is what was said; 1 when there was nothing to correct.
        alternatives: names that sound alike, most likely first, `dish` not among them.
    """

    text: str
    dish: str = ""
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()


class DishCorrector(Protocol):
    """Knows how the dishes of the index sound."""

    async def correct(self, transcript: str) -> Correction:
        """Correct the dish's name in what speech recognition heard.

        Raises:
            RetrievalError: the index cannot be searched.
        """

    def hotwords(self, limit: int) -> tuple[str, ...]:
        """The dishes' names that are most worth expecting, at most `limit`."""
