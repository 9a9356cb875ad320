"""An image generator that makes no image, late or never where a test wants it so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.messages import Picture
from core.recipe import Recipe


class FakeImageGenerator:
    """`core.ports.ImageGenerator` whose pictures have a name and no file.

    Attributes:
        failure: raised by every drawing.
        gate: waited for by every drawing.
        started: set when a drawing begins.
        drawn: what was asked for, in order.
        cancelled: how many drawings were cancelled.
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.started = asyncio.Event()
        self.drawn: list[Recipe] = []
        self.cancelled = 0

    @property
    def name(self) -> str:
        return "fake/picture"

    async def draw(self, recipe: Recipe) -> Picture:
        self.drawn.append(recipe)
        self.started.set()
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return Picture(Path(f"{recipe.recipe_id}.png"), "image/png", 800, 1200, "card")
