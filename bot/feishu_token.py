"""The tenant_access_token: fetched once for all, ahead of its end, and anew when the platform disowns it.

https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal:
a token lives two hours; within its last 30 minutes the platform hands out a new one and both are valid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.errors import ChannelError

REFRESH_MARGIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class FetchedToken:
    """A token and for how many seconds it is good."""

    value: str
    lifetime_seconds: float

    def __repr__(self) -> str:
        return f"FetchedToken(lifetime_seconds={self.lifetime_seconds})"


class TokenCache:
    """Hands out the token; however many ask at once, one request fetches it.

    Args:
        fetch: asks the platform for a token.
        clock: monotonic seconds.
    """

    def __init__(self, fetch: Callable[[], Awaitable[FetchedToken]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value = ""
        self._refresh_at = 0.0
        self._expires_at = 0.0

    async def current(self) -> str:
        """A token that is good for a while.

        Raises:
            ChannelError: the platform refuses the app or cannot be reached, and there is no valid token.
        """
        if self._value and self._clock() < self._refresh_at:
            return self._value
        async with self._lock:
            if self._value and self._clock() < self._refresh_at:
                return self._value
            try:
                fetched = await self._fetch()
            except ChannelError:
                if self._value and self._clock() < self._expires_at:
                    return self._value
                raise
            now = self._clock()
            self._value = fetched.value
            self._expires_at = now + fetched.lifetime_seconds
            self._refresh_at = self._expires_at - min(REFRESH_MARGIN_SECONDS, fetched.lifetime_seconds / 2)
            return self._value

    def disown(self, value: str) -> None:
        """The platform no longer accepts `value`; a newer token stays."""
        if value == self._value:
            self._value = ""
