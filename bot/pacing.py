"""Counting what was sent lately, for platforms that take so much in so many seconds."""

from __future__ import annotations

from collections import deque

WIDENED = 1.1
"""How much longer a second of ours is than the platform's: what the way there may vary.

With 1.0, 9 of 200 messages were refused by the fake Telegram.
"""


class Window:
    """At most `count` events in any `seconds`."""

    __slots__ = ("_count", "_seconds", "_times")

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._times: deque[float] = deque()

    def delay(self, now: float, *, reserve: int = 0) -> float:
        """Seconds until another event fits, with `reserve` more still free after it."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        over = len(self._times) + 1 + min(reserve, self._count - 1) - self._count
        return 0.0 if over <= 0 else self._times[over - 1] + self._seconds - now

    def take(self, now: float) -> None:
        """Count an event."""
        self._times.append(now)

    @property
    def is_empty(self) -> bool:
        """Whether no event is remembered."""
        return not self._times
