"""The roles behind administrators' commands: what is counted, who is kept out, which model answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.messages import ChatKey, IncomingMessage, UserKey
from core.ports import Sampling


@dataclass(frozen=True, slots=True)
class Usage:
    """What is stored of people's questions: who asked, how many, how many were declined."""

    users: int = 0
    questions: int = 0
    refused: int = 0


class Statistics(Protocol):
    """Counts what is stored; what was purged or forgotten does not count."""

    async def usage(self, since: datetime | None = None) -> Usage:
        """What was asked at or after `since`, or ever."""


class ChatDirectory(Protocol):
    """The chats whose conversation is stored."""

    async def chats(self, *, without: Collection[UserKey] = ()) -> tuple[ChatKey, ...]:
        """All in which somebody not in `without` asked something, a forum's latest topic for all of it."""


class BlockList(Protocol):
    """Users who get no answer any more."""

    async def blocked(self) -> frozenset[UserKey]:
        """All of them."""

    async def block(self, user: UserKey) -> bool:
        """Add `user`; returns whether they were not on it.

        Raises:
            StorageError: nothing was changed.
        """

    async def unblock(self, user: UserKey) -> bool:
        """Remove `user`; returns whether they were on it.

        Raises:
            StorageError: nothing was changed.
        """


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What people are told of the model that answers.

    Attributes:
        name: backend and model.
        is_language_model: False for the composer, which writes nothing of its own.
        is_local: whether it runs in this process.
        where: device and numbers, once it is loaded here; "" before that and elsewhere.
        sampling: what a user gets who chose nothing; its length is the most that anybody gets.
        honours: the fields of `Sampling` that it minds.
    """

    name: str = "composer"
    is_language_model: bool = False
    is_local: bool = False
    where: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    honours: frozenset[str] = frozenset()


class ModelSwitch(Protocol):
    """Changes the model that answers, for everybody."""

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of the models that may be chosen, the configured one first."""

    def describe(self) -> ModelFacts:
        """What people are told of the model that answers."""

    async def use(self, name: str) -> str:
        """Let the model `name`, one of `choices`, answer from now on and after a restart.

        Returns:
            What answered when it was tried; "" when there was nothing to try.

        Raises:
            SettingsError: it cannot be loaded; the one before goes on.
            ModelError: likewise, or it does not answer.
            StorageError: the choice cannot be kept; the one before goes on.
        """


class OperatorSettings(Protocol):
    """What administrators set while the bot runs: a few named texts, the same for everybody."""

    async def get(self, name: str) -> str | None:
        """What is set; None when nothing is."""

    async def put(self, name: str, value: str | None) -> None:
        """Set it; None takes it back.

        Raises:
            StorageError: nothing was changed.
        """


class Workload(Protocol):
    """What the running process is at."""

    @property
    def waiting(self) -> int:
        """Accepted messages that are not answered yet."""

    @property
    def failed(self) -> int:
        """Answers since the start that were an apology for an error."""


class Broadcaster(Protocol):
    """Writes to every chat that the bot knows."""

    async def audience(self, asked: IncomingMessage) -> int:
        """How many chats a broadcast would go to; that of `asked` is none of them."""

    async def send(self, text: str, asked: IncomingMessage) -> int:
        """Put `text` on its way for good and return to how many chats; their number reached is told later.

        The same `asked` again sends nothing new.

        Raises:
            StorageError: some of it may not be on its way; ask again with the same message.
        """


@dataclass(frozen=True, slots=True)
class BroadcastAudience:
    """Whom a broadcast is for: how many chats in all, and those that it is still under way to."""

    total: int
    under_way: tuple[ChatKey, ...]


@dataclass(frozen=True, slots=True)
class BroadcastResult:
    """What became of a broadcast.

    Attributes:
        asked: the order, without its words.
        sent: chats that got it.
        gone: chats that are not there any more.
        failed: chats that did not get it for another reason.
    """

    asked: IncomingMessage
    sent: int
    gone: int
    failed: int


class BroadcastLog(Protocol):
    """Broadcasts under way, kept so that a restart forgets none."""

    async def begin(
        self, broadcast_id: str, asked: IncomingMessage, chats: Collection[ChatKey]
    ) -> BroadcastAudience:
        """Note whom a broadcast is for. The same one again changes nothing: who is left is returned.

        Raises:
            StorageError: nothing was noted.
        """

    async def settle(self, broadcast_id: str, chat: ChatKey, outcome: str) -> BroadcastResult | None:
        """Note what became of it in a chat: "sent", "gone" or else. Again for the same chat, nothing changes.

        Returns:
            The result, once all is known; None before, and for a broadcast that was never begun.

        Raises:
            StorageError: it may not have been noted.
        """
