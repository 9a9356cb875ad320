"""A recogniser whose answers are written beforehand, to be put behind `QueuedSpeechToText`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from core.errors import ModelError
from core.voice_ports import Waveform


class ScriptedRecognizer:
    """Implements `core.speech.queued_speech_to_text.Recognizer`; beyond its list it hears nothing ("").

    Attributes:
        at_once: how many recordings it takes at the same time.
        gate: recognition waits for it; open at first.
        heard: every recording and its hotwords, in order.
        prepared: how often `prepare` was called.
        running: recognitions under way; `most_running` is the most there ever were.
        closed: `close` was called.
    """

    def __init__(self, answers: Iterable[str | ModelError] = (), *, at_once: int = 1) -> None:
        self.at_once = at_once
        self.gate = asyncio.Event()
        self.gate.set()
        self.heard: list[tuple[Waveform, tuple[str, ...]]] = []
        self.prepared = 0
        self.running = 0
        self.most_running = 0
        self.closed = False
        self.arrived = asyncio.Condition()
        self._answers = list(answers)

    @property
    def name(self) -> str:
        return "scripted/test"

    def queue(self, *answers: str | ModelError) -> None:
        """Add answers to the end of the list."""
        self._answers.extend(answers)

    async def arrival(self, number: int) -> None:
        """Wait until the `number`th recording (from 1) is at its turn."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.heard) >= number)

    async def prepare(self) -> None:
        self.prepared += 1

    async def recognize(self, waveform: Waveform, hotwords: Sequence[str]) -> str:
        async with self.arrived:
            self.heard.append((waveform, tuple(hotwords)))
            self.arrived.notify_all()
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        answer = self._answers.pop(0) if self._answers else ""
        if isinstance(answer, ModelError):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True
