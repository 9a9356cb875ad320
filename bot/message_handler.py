"""What a channel hands its messages to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from core.messages import IncomingMessage, ReplyEvent


class MessageHandler(Protocol):
    """Answers messages; `handlers.router` is the real one."""

    def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`: the last event of every answer is a `ReplyFinished`."""
