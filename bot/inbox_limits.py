"""What the durable inbox is given: how much at once and how long, and what it may ask of the assistant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from core.errors import BotError
from core.messages import IncomingMessage, Picture, Reply, VoiceClip
from core.recipe import Recipe

ReplyFor = Callable[[BotError], Reply]
Retract = Callable[[IncomingMessage], Awaitable[object]]
Redraw = Callable[[Recipe], Awaitable[Picture]]
Narrate = Callable[[Reply], Awaitable[VoiceClip]]


@dataclass(frozen=True, slots=True)
class Help:
    """What the steps of a turn may ask of the assistant beside its answers.

    Attributes:
        retract: takes back what an interrupted attempt to answer a message left in the history.
        redraw: makes the picture of a recipe when the handler that was drawing it is gone.
        narrate: reads a reply aloud, for those who want it.
    """

    retract: Retract | None = None
    redraw: Redraw | None = None
    narrate: Narrate | None = None


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """How much at once, how long, how often.

    Attributes:
        concurrent_answers: handlers that run at the same time; deliveries that wait do not count.
        answer_seconds: from the handler's start to its whole text; more than its stages together may take.
        picture_seconds: how long the text waits for its picture to follow.
        narration_seconds: how long reading an answer aloud may take.
        delivery_seconds: one attempt to deliver, the channel's own pacing included.
        delivery_max_age: how long after acceptance a delivery is tried again.
        first_retry_seconds: the pause after the first failed attempt; doubles with each one.
        longest_retry_seconds: the longest pause.
        keep_finished: how long finished work (people's words) is kept.
        keep_events: how long a repeated delivery is recognised.
        busy_timeout_seconds: SQLite only: how long accepting waits for another process that writes.
    """

    concurrent_answers: int = 16
    answer_seconds: float = 300.0
    picture_seconds: float = 120.0
    narration_seconds: float = 300.0
    delivery_seconds: float = 600.0
    delivery_max_age: timedelta = timedelta(hours=24)
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 60.0
    keep_finished: timedelta = timedelta(hours=24)
    keep_events: timedelta = timedelta(days=7)
    busy_timeout_seconds: float = 5.0
