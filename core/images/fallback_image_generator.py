"""A photo if it can be had in time, else the recipe card."""

from __future__ import annotations

import asyncio
import logging

from core.errors import BotError
from core.messages import Picture
from core.ports import (
    ImageGenerator,
    Progress,
)
from core.recipe import Recipe

logger = logging.getLogger(__name__)


class FallbackImageGenerator:
    """Implements `core.ports.ImageGenerator`: asks `first`, and `second` when that fails or is late.

    Args:
        first: slow or unreliable.
        second: neither.
        seconds: how long `first` may take.
    """

    def __init__(self, first: ImageGenerator, second: ImageGenerator, *, seconds: float) -> None:
        self._first = first
        self._second = second
        self._seconds = seconds

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._first.name}, else {self._second.name}"

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:
        """The first one's picture, or the second one's.

        Raises:
            IllustrationError: neither made one.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._first.draw(recipe, progress)
        except TimeoutError:
            logger.warning("picture_replaced reason=timeout seconds=%g", self._seconds)
        except BotError as exc:
            logger.warning("picture_replaced reason=%s message=%s", exc.code, exc.message)
        return await self._second.draw(recipe)
