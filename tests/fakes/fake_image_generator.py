"""An image generator that makes no image, late or never where a test wants it so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.messages import Picture
from core.ports import Progress
from core.recipe import Recipe


class FakeImageGenerator:
    """`core.ports.ImageGenerator` whose pictures have a name and no file.

    Attributes:
        failure: raised by every drawing.
        gate: waited for by every drawing.
        started: set when a drawing begins.
        steps: how many are told of; -1 is silence.
        drawn: what was asked for, in order.
        cancelled: how many drawings were cancelled.
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.started = asyncio.Event()
        self.steps = -1
        self.drawn: list[Recipe] = []
        self.cancelled = 0

    @property
    def name(self) -> str:
        return "fake/picture"

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:
        self.drawn.append(recipe)
        self.started.set()
        if progress is not None:
            for done in range(self.steps + 1):
                progress(done, self.steps)
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return Picture(Path(f"{recipe.recipe_id}.png"), "image/png", 800, 1200, "card")
