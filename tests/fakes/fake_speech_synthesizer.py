"""A voice that hums: `core.ports.SpeechSynthesizer` without a model."""

from __future__ import annotations

import re

import numpy as np

from core.errors import ModelError
from core.voice_ports import Waveform

SAMPLE_RATE_HZ = 8000
_SAYABLE = re.compile(r"[^\d\n]{1,100}")


class FakeSpeechSynthesizer:
    """Hums one steady level, `seconds_a_character` for each character.

    Attributes:
        said: what was asked for, in order.
        failure: raised instead of speaking, once `said` holds `failing_from` texts.
    """

    def __init__(self, seconds_a_character: float = 0.01, failure: ModelError | None = None) -> None:
        self.said: list[str] = []
        self.seconds_a_character = seconds_a_character
        self.failure = failure
        self.failing_from = 0
        self.sample_rates_hz = [SAMPLE_RATE_HZ]

    @property
    def name(self) -> str:
        return "fake/hum"

    async def synthesize(self, text: str) -> Waveform:
        assert _SAYABLE.fullmatch(text), "what a synthesizer gets has no digits and is short"
        self.said.append(text)
        if self.failure is not None and len(self.said) > self.failing_from:
            raise self.failure
        rate = self.sample_rates_hz[min(len(self.said), len(self.sample_rates_hz)) - 1]
        length = round(len(text) * self.seconds_a_character * rate)
        return Waveform(np.full(length, 1000, dtype=np.int16), rate)

    async def check(self) -> str:
        await self.synthesize("你好")
        return f"{self.name} spoke"

    async def close(self) -> None:
        """Nothing is held."""
