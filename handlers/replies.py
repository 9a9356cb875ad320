"""Answers that are known at once, as the events that channels read."""

from __future__ import annotations

from collections.abc import Iterator

from core.messages import Reply, ReplyEvent, ReplyFinished, TextDelta, TextFinished


def said_at_once(reply: Reply) -> Iterator[ReplyEvent]:
    """The events of an answer that takes no stage of the pipeline."""
    yield TextDelta(reply.text)
    yield TextFinished(reply)
    yield ReplyFinished(reply, {"total": 0.0})
