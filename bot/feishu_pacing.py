"""When the next call to Feishu may go: per kind of call, per chat, and after every rate limit that it names.

5 messages a second to a user or group (https://open.feishu.cn/document/server-docs/im-v1/message/create), 50
calls a second and 1,000 a minute of each kind (https://open.feishu.cn/document/ukTMukTMukTM/uUzN04SN3QjL1cDN).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.pacing import WIDENED, Window

_IDLE_CHATS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class FeishuLimits:
    """How much may be sent: messages to one chat, and calls of one kind."""

    chat_per_second: int = 5
    calls_per_second: int = 50
    calls_per_minute: int = 1000


class FeishuPacer:
    """Says when a call's turn is.

    Args:
        limits: how much may be sent.
        clock: seconds that only grow.
    """

    def __init__(self, limits: FeishuLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._calls: dict[str, tuple[Window, Window]] = {}
        self._chats: dict[str, Window] = {}
        self._not_before: dict[str, float] = {}

    def take_turn(self, operation: str, chat_id: str = "") -> float:
        """Take a turn for a call, and for a message if it is one to a chat; returns 0.0.

        When there is none now, nothing is taken, and the seconds are returned after which to ask again.
        """
        now = self._clock()
        windows = self._windows(operation, chat_id)
        held_back = self._not_before.get(operation, 0.0) - now
        pause = max(held_back, *(window.delay(now) for window in windows))
        if pause > 0:
            return pause
        for window in windows:
            window.take(now)
        return 0.0

    def hold_back(self, operation: str, seconds: float) -> None:
        """The platform wants no call of this kind for `seconds`."""
        self._not_before[operation] = max(self._not_before.get(operation, 0.0), self._clock() + seconds)

    def _windows(self, operation: str, chat_id: str) -> tuple[Window, ...]:
        limits = self._limits
        calls = self._calls.get(operation)
        if calls is None:
            calls = Window(limits.calls_per_second, WIDENED), Window(limits.calls_per_minute, 60.0)
            self._calls[operation] = calls
        if not chat_id:
            return calls
        chat = self._chats.get(chat_id)
        if chat is None:
            if len(self._chats) >= _IDLE_CHATS_KEPT:
                self._forget_idle()
            chat = self._chats[chat_id] = Window(limits.chat_per_second, WIDENED)
        return *calls, chat

    def _forget_idle(self) -> None:
        now = self._clock()
        for chat_id, window in list(self._chats.items()):
            window.delay(now)  # drops what is past
            if window.is_empty:
                del self._chats[chat_id]
