"""When the next message to Telegram may go: per chat, per group, overall, and after every retry_after.

Limits as in core.telegram.org/bots/faq ("My bot is hitting limits"): about one message a second in a chat,
20 a minute in a group, about 30 a second overall. Whole answers wait their turn, in order within a chat;
what only shows progress takes a turn if one is to spare, and otherwise does without.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.pacing import WIDENED, Window
from core.errors import ChannelError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_IDLE_CHATS_KEPT = 1000
_GROUP_RESERVE = 6
"""Messages of a group's minute that streaming leaves to whole answers."""


class TooManyRequestsError(ChannelError):
    """Telegram wants silence in a chat for `seconds` (429, parameters.retry_after)."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Telegram asks to wait {seconds:g} seconds", retryable=True)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class PacingLimits:
    """How much may be sent.

    Attributes:
        chat_per_second: messages a second in one chat, with bursts of up to `chat_burst`.
        chat_burst: messages that may go at once.
        group_per_minute: messages a minute in one group.
        overall_per_second: messages a second in all chats together.
        draft_interval_seconds: streamed text is shown at most this often in a chat.
        longest_wait_seconds: a retry_after above this is left to the caller.
    """

    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    overall_per_second: float = 28.0
    draft_interval_seconds: float = 1.0
    longest_wait_seconds: float = 900.0


class _ChatPace:
    """One chat: its windows with their reserves, the order of its messages, and how long to be silent."""

    __slots__ = ("lock", "silent_until", "windows")

    def __init__(self, windows: tuple[tuple[Window, int], ...]) -> None:
        self.windows = windows
        self.lock = asyncio.Lock()
        self.silent_until = 0.0


class Pacer:
    """Hands out turns to send.

    Args:
        limits: how much may be sent.
        clock: seconds that only grow.
        sleep: waits; tests pass one that moves `clock`.
    """

    def __init__(
        self,
        limits: PacingLimits,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self.sleep = sleep
        self._chats: dict[str, _ChatPace] = {}
        self._overall = Window(max(1, int(limits.overall_per_second)), WIDENED)
        self._overall_lock = asyncio.Lock()

    async def send(self, chat_id: str, action: Callable[[], Awaitable[T]], *, is_group: bool) -> T:
        """Run `action` when it is the chat's turn, again after each retry_after; order in a chat is kept.

        Raises:
            TooManyRequestsError: the silence asked for is longer than `longest_wait_seconds`.
        """
        pace = self._pace(chat_id, is_group=is_group)
        async with pace.lock:
            while True:
                await self._wait(pace)
                try:
                    return await action()
                except TooManyRequestsError as exc:
                    self.silence(chat_id, exc.seconds, is_group=is_group)

    async def _wait(self, pace: _ChatPace) -> None:
        while (delay := self._chat_delay(pace)) > 0:
            if pace.silent_until - self.clock() > self.limits.longest_wait_seconds:
                raise TooManyRequestsError(pace.silent_until - self.clock())
            await self.sleep(delay)
        async with self._overall_lock:
            while (delay := self._overall.delay(self.clock())) > 0:
                await self.sleep(delay)
            self._take(pace)

    def try_turn(self, chat_id: str, *, is_group: bool, counts: bool) -> bool:
        """Take a turn for a sign of progress if that delays no answer.

        Args:
            chat_id: where.
            is_group: whether it is a group.
            counts: whether Telegram counts it as a message (an edit), or not (typing, a draft).
        """
        pace = self._pace(chat_id, is_group=is_group)
        now = self.clock()
        if pace.lock.locked() or self._overall_lock.locked() or now < pace.silent_until:
            return False
        if not counts:
            return True
        if self._overall.delay(now, reserve=self._overall_reserve()) > 0:
            return False
        if any(window.delay(now, reserve=reserve) > 0 for window, reserve in pace.windows):
            return False
        self._take(pace)
        return True

    def silence(self, chat_id: str, seconds: float, *, is_group: bool) -> None:
        """Telegram wants no message in this chat for `seconds`."""
        pace = self._pace(chat_id, is_group=is_group)
        pace.silent_until = max(pace.silent_until, self.clock() + seconds)
        logger.info("telegram_rate_limited seconds=%.1f", seconds)

    def _overall_reserve(self) -> int:
        """A third of the turns are kept for whole answers."""
        return int(self.limits.overall_per_second) // 3

    def _chat_delay(self, pace: _ChatPace) -> float:
        now = self.clock()
        return max(pace.silent_until - now, *(window.delay(now) for window, _ in pace.windows))

    def _take(self, pace: _ChatPace) -> None:
        now = self.clock()
        self._overall.take(now)
        for window, _ in pace.windows:
            window.take(now)

    def _pace(self, chat_id: str, *, is_group: bool) -> _ChatPace:
        pace = self._chats.get(chat_id)
        if pace is None:
            if len(self._chats) >= _IDLE_CHATS_KEPT:
                self._forget_idle()
            limits = self.limits
            chat = Window(limits.chat_burst, limits.chat_burst / limits.chat_per_second)
            windows: tuple[tuple[Window, int], ...] = ((chat, 1),)
            if is_group:
                windows = (*windows, (Window(limits.group_per_minute, 60.0), _GROUP_RESERVE))
            pace = self._chats[chat_id] = _ChatPace(windows)
        return pace

    def _forget_idle(self) -> None:
        for chat_id, pace in list(self._chats.items()):
            is_silent = self._chat_delay(pace) > 0
            if not is_silent and not pace.lock.locked() and all(w.is_empty for w, _ in pace.windows):
                del self._chats[chat_id]
