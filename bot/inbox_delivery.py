"""Deliveries of the durable inbox: tried again, with growing pauses, while the message is young enough."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from bot.inbox_codec import Event
from bot.inbox_limits import InboxLimits
from bot.last_resort import expected
from core.errors import BotError, ChannelError, ChannelGoneError

logger = logging.getLogger(__name__)


class PatientDelivery:
    """Delivers, and counts what became of it.

    Args:
        limits: how long, how often.

    Attributes:
        counts: what happened since the start, for metrics.
        parking: set when the process stops.
    """

    def __init__(self, limits: InboxLimits) -> None:
        self._limits = limits
        self.counts: Counter[str] = Counter()
        self.parking = asyncio.Event()

    async def attempt(self, event: Event, send: Callable[[], Awaitable[None]]) -> BotError | None:
        """Try until it is delivered (None), refused or too old; then why it was not."""
        pause = self._limits.first_retry_seconds
        while True:
            try:
                async with asyncio.timeout(self._limits.delivery_seconds):
                    await expected(send(), f"event={event.key}")
            except TimeoutError:
                error: BotError = ChannelError("the delivery took too long", retryable=True)
            except BotError as exc:
                error = exc
            else:
                return None
            age = datetime.now(UTC) - event.accepted_at
            if not error.retryable or age > self._limits.delivery_max_age:
                return error
            self.counts["retries"] += 1
            logger.info("delivery_retried event=%s code=%s seconds=%.1f", event.key, error.code, pause)
            await self._pause(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, no secret
            pause = min(pause * 2, self._limits.longest_retry_seconds)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.parking.wait()
        self.park_if_stopping()

    def park_if_stopping(self) -> None:
        """Leave the step to the next start if the process stops.

        Raises:
            CancelledError: it does.
        """
        if self.parking.is_set():
            raise asyncio.CancelledError

    def outcome(self, event: Event, part: str, error: BotError | None) -> str:
        """What became of a part of the answer, counted and logged: sent, gone, refused or expired."""
        if error is None:
            outcome = "sent"
        elif isinstance(error, ChannelGoneError):
            outcome = "gone"
        else:
            outcome = "expired" if error.retryable else "refused"
        self.counts[f"{part}_{outcome}"] += 1
        if error is not None:
            logger.warning("undelivered event=%s part=%s outcome=%s", event.key, part, outcome)
        return outcome
