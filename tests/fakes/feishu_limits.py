"""Limits, faults and refusals of the fake Feishu.

- Limits count per API and app, 50 a second and 1,000 a minute; beyond: 429, code 99991400, and the seconds
  to wait in x-ogw-ratelimit-reset (https://open.feishu.cn/document/ukTMukTMukTM/uUzN04SN3QjL1cDN).
- 5 messages a second to a user or group, code 230020
  (https://open.feishu.cn/document/server-docs/im-v1/message/create).
- 10 operations a second on a card
  (https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/streaming-updates-openapi-overview).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal; most are HTTP 400."""

    def __init__(
        self, code: int, msg: str, *, status: int = 400, reset: float | None = None, error: Json | None = None
    ) -> None:
        super().__init__(msg)
        self.code = code
        self.status = status
        self.reset = reset
        self.body: Json = {"code": code, "msg": msg} | ({"error": error} if error else {})


@dataclass
class Fault:
    """Something to go wrong, `times` times, with calls of `operation` ("" is any).

    `kind`: "drop_before" and "drop_after" close the connection without an answer, before or after the call is
    carried out; "status" answers HTTP `status` with no JSON; "code" refuses with `code`; "slow" waits for
    `seconds`, then carries it out.
    """

    operation: str = ""
    kind: Literal["drop_before", "drop_after", "status", "code", "slow"] = "drop_before"
    times: int = 1
    status: int = 502
    code: int = 2200
    seconds: float = 0.0
    reset: float | None = None
    content: str = ""
    """Only calls whose body holds this."""

    def applies_to(self, operation: str, body: str) -> bool:
        return self.times > 0 and self.operation in {"", operation} and self.content in body


@dataclass
class RateLimits:
    """How many calls in how many seconds; a `scale` below 1 shortens every window, for quick tests."""

    per_second: int = 50
    per_minute: int = 1000
    chat_per_second: int = 5
    scale: float = 1.0


@dataclass
class RateCounter:
    """Counts calls in sliding windows."""

    clock: Callable[[], float]
    limits: RateLimits | None = None
    card_per_second: int = 10
    refused: int = 0
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, operation: str) -> None:
        if self.limits is not None:
            self._count(f"minute {operation}", self.limits.per_minute, 60.0 * self.limits.scale)
            self._count(f"second {operation}", self.limits.per_second, self.limits.scale)

    def count_for_chat(self, chat_id: str) -> None:
        if self.limits is not None:
            try:
                self._count(f"chat {chat_id}", self.limits.chat_per_second, self.limits.scale)
            except ApiError as exc:
                raise ApiError(230020, "This operation triggers the frequency limit.") from exc

    def count_for_card(self, card_id: str) -> None:
        self._count(f"card {card_id}", self.card_per_second, self.limits.scale if self.limits else 1.0)

    def _count(self, name: str, most: int, window_seconds: float) -> None:
        calls, now = self._calls[name], self.clock()
        while calls and calls[0] <= now - window_seconds:
            calls.popleft()
        if len(calls) >= most:
            self.refused += 1
            reset = max(calls[0] + window_seconds - now, 0.001)
            raise ApiError(99991400, "request trigger frequency limit", status=429, reset=reset)
        calls.append(now)
