"""A router over storage in memory and a pipeline over fakes, for the tests of the handlers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

from core.conversation import HistoryMessage
from core.messages import ChatKey, IncomingMessage, Reply, ReplyEvent, ReplyFinished, UserKey
from core.operator_ports import ModelFacts
from core.ports import Sampling
from handlers.commands import CommandHandler, CommandServices
from handlers.router import Router
from handlers.text import TextHandler
from tests.core.pipeline_kitchen import Kitchen
from tests.fakes.memory_storage import MemoryHistory, MemoryPersonalData, MemoryProfiles

CHAT = ChatKey("web", "anna")
ANNA = UserKey("web", "anna")
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
BEIJING = timezone(timedelta(hours=8))


SERVED = ModelFacts(
    "openai/qwen3:8b",
    is_language_model=True,
    sampling=Sampling(0.7, 0.9, 1200),
    honours=frozenset({"temperature", "top_p", "max_output_tokens"}),
)
"""A model behind a server."""


class Clock:
    """Goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Desk:
    """Everything behind the router, and what its answers are."""

    kitchen: Kitchen = field(default_factory=Kitchen)
    facts: ModelFacts = field(default_factory=ModelFacts)
    draws_pictures: bool = True
    reads_aloud: bool = False
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.history = MemoryHistory(clock=lambda: NOON)
        self.profiles = MemoryProfiles()
        self.personal_data = MemoryPersonalData(self.history, self.profiles)
        text = TextHandler(
            self.kitchen.pipeline(),
            self.history,
            self.profiles,
            max_question_characters=100,
            clock=self.clock,
        )
        self.services = CommandServices(
            self.history,
            self.profiles,
            self.personal_data,
            describe_model=lambda: self.facts,
            draws_pictures=self.draws_pictures,
            reads_aloud=self.reads_aloud,
            time_zone=BEIJING,
            clock=self.clock,
        )
        self.router = Router(text, CommandHandler(self.services))

    def message(self, text: str, *, is_group: bool = False, user: UserKey = ANNA) -> IncomingMessage:
        now = self.clock()
        return IncomingMessage(CHAT, user, now.isoformat(), text, now, is_group=is_group)

    async def events(self, text: str | IncomingMessage) -> list[ReplyEvent]:
        message = self.message(text) if isinstance(text, str) else text
        return [event async for event in self.router.handle(message)]

    async def say(self, text: str | IncomingMessage) -> Reply:
        last = (await self.events(text))[-1]
        assert isinstance(last, ReplyFinished)
        return last.reply

    async def stored(self) -> tuple[HistoryMessage, ...]:
        return await self.history.recent(CHAT, limit=100)


def without_time(message: HistoryMessage) -> HistoryMessage:
    return replace(message, created_at=NOON)
