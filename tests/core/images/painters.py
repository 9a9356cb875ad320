"""Paints for the tests of what stands around them."""

from __future__ import annotations

import asyncio

import numpy as np

from core.images.picture_checks import Pixels
from core.ports import Progress


def noise(seed: int, size: int = 64) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def plain(level: int, size: int = 64) -> Pixels:
    return np.full((size, size, 3), level, dtype=np.uint8)


class ScriptedPaint:
    """A `core.images.photo_desk.Paint`: scripted pictures or errors in order, then noise.

    Attributes:
        seeds: what it was asked for.
        gate: waited for by every painting.
        started: how many have begun.
        cancelled: how many were cancelled.
        at_once: how many were painted at the same time, at most.
    """

    def __init__(self, *script: Pixels | Exception | None) -> None:
        self.seeds: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = 0
        self.cancelled = 0
        self.at_once = 0
        self._under_way = 0
        self._script = list(script)
        self._changed = asyncio.Condition()

    async def begun(self, number: int) -> None:
        """Wait until that many have begun."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.started >= number)

    async def __call__(self, seed: int, tell: Progress) -> Pixels | None:
        self.seeds.append(seed)
        tell(1, 2)
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            async with self._changed:
                self.started += 1
                self._changed.notify_all()
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._under_way -= 1
        tell(2, 2)
        made = self._script.pop(0) if self._script else noise(seed)
        if isinstance(made, Exception):
            raise made
        return made
