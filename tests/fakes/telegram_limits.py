"""Telegram's rate limits as switches, and faults on order.

Source: core.telegram.org/bots/faq, "My bot is hitting limits, how do I avoid this?": about one message a
second in a chat with short bursts above it, 20 a minute in a group, about 30 a second overall. The sizes of
the burst and of retry_after are not published; those here are chosen.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.telegram_rules import ApiError


@dataclass
class RateLimits:
    """Counts messages; off until `on` is set.

    Attributes:
        chat: (messages, seconds) of one chat; 5 in 5 is one a second with a burst of five.
        group: the same of a group.
        overall: the same of the bot.
        violations: requests that came before their retry_after had passed.
        refused: how often 429 was answered.
    """

    on: bool = False
    chat: tuple[int, float] = (5, 5.0)
    group: tuple[int, float] = (20, 60.0)
    overall: tuple[int, float] = (30, 1.0)
    clock: Callable[[], float] = time.monotonic
    violations: int = 0
    refused: int = 0
    _sent: dict[str, deque[float]] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)

    def check(self, chat_id: int, *, is_group: bool) -> None:
        """Count one message, or refuse it.

        Raises:
            ApiError: 429 with `retry_after`.
        """
        if not self.on:
            return
        now = self.clock()
        if now < self._until.get(f"chat {chat_id}", 0.0):
            self.violations += 1
            self._refuse(f"chat {chat_id}", self._until[f"chat {chat_id}"] - now, now)
        keys = [("overall", self.overall), (f"chat {chat_id}", self.chat)]
        if is_group:
            keys.append((f"group {chat_id}", self.group))
        for key, (count, seconds) in keys:
            times = self._sent.setdefault(key, deque())
            while times and times[0] <= now - seconds:
                times.popleft()
            if len(times) >= count:
                self._refuse(f"chat {chat_id}", times[0] + seconds - now, now)
        for key, _limit in keys:
            self._sent[key].append(now)

    def _refuse(self, key: str, wait: float, now: float) -> None:
        retry_after = max(1, math.ceil(wait))
        self._until[key] = now + wait
        self.refused += 1
        raise flood(retry_after)


def flood(retry_after: int) -> ApiError:
    """Docs, ResponseParameters: retry_after, "the number of seconds left to wait"."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


@dataclass
class Fault:
    """What goes wrong with one call.

    Attributes:
        drop: "before" it is executed, or "after", the connection is closed without an answer.
        status: answer with this status, and `body` as it is.
        error: answer with this refusal.
        gate: wait here first; `reached` tells that the call has come.
    """

    drop: str = ""
    status: int = 0
    body: str = "<html><body>Bad Gateway</body></html>"
    error: ApiError | None = None
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
