"""The sounds of an opened index's names, loaded when they are first needed."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from core.errors import BotError, RetrievalError
from core.voice_ports import Correction
from index.manifest import Manifest
from index.segment import Segment
from index.spoken_confidence import load_confidence
from index.spoken_names import SpokenNames


def names_in(folder: Path) -> list[str]:
    """The ways to name every dish of the index at `folder`, a name as often as recipes bear it.

    Raises:
        RecipeIndexError: the index cannot be read.
    """
    names: list[str] = []
    for entry in Manifest.read(folder).segments:
        segment = Segment(folder / entry.name)
        for number, recipes in enumerate(segment.recipes_a_form().tolist()):
            names += [segment.form(number)] * recipes
    return names


class IndexDishCorrector:
    """Corrects names by those of an index. Implements `core.ports.DishCorrector`.

    The names are read on the first call, in a thread: some milliseconds for a cookbook, some seconds for a
    million. `load` does it beforehand.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: SpokenNames | None = None
        self._lock = threading.Lock()

    def load(self) -> SpokenNames:
        """Read the names, once. Blocking: call it in a thread.

        Raises:
            RetrievalError: the index cannot be read.
        """
        with self._lock:
            if self._names is None:
                try:
                    self._names = SpokenNames(names_in(self._folder), load_confidence())
                except BotError as exc:
                    raise RetrievalError(exc.message) from exc
            return self._names

    async def correct(self, transcript: str) -> Correction:
        """Correct the dish's name in `transcript`, in a thread.

        Raises:
            RetrievalError: the index cannot be read.
        """
        return await asyncio.to_thread(lambda: self.load().correct_now(transcript))

    def hotwords(self, limit: int) -> tuple[str, ...]:
        """The most common names, at most `limit`; none before the names are loaded."""
        return self._names.hotwords(limit) if self._names is not None else ()
