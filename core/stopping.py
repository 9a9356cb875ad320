"""Ending an answer early: a signal for each, asked for by whoever hears that no more of it is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPED = "（已停下）"
"""Ends an answer that was stopped; what was written before it stands."""


class StopSignal:
    """Whether an answer is to end where it is. Used on the event loop only.

    Args:
        clock: seconds since any fixed point.

    Attributes:
        is_requested: somebody wants no more of it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_requested = False
        self._clock = clock
        self._writing_since: float | None = None
        self._shows_words = False
        self._told: list[Callable[[], None]] = []

    def request(self) -> None:
        """Ask for its end."""
        self.is_requested = True
        for act in tuple(self._told):
            act()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A language model writes it in the block."""
        self._writing_since = self._clock()
        try:
            yield
        finally:
            self._writing_since = None

    def note_words(self) -> None:
        """The language model has written something that can be read."""
        self._shows_words = True

    def is_written(self, unshown_after_seconds: float) -> bool:
        """Whether a language model is at it: seen to be, or for longer than `unshown_after_seconds`."""
        if self._writing_since is None:
            return False
        return self._shows_words or self._clock() - self._writing_since > unshown_after_seconds

    @contextmanager
    def calling(self, act: Callable[[], object]) -> Iterator[None]:
        """Call `act` when an end is asked for while the block runs; at once if it was before."""

        def told() -> None:
            act()

        self._told.append(told)
        try:
            if self.is_requested:
                act()
            yield
        finally:
            self._told.remove(told)

    @contextmanager
    def ending(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Let the time of `limit`, which has been entered, be up when an end is asked for."""

        def now() -> None:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

        with self.calling(now):
            yield
