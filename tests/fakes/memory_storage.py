"""The ports of storage, kept in memory; they meet the same contracts as the SQL implementations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.conversation import Conversation, HistoryMessage, Preferences
from core.errors import StorageError
from core.messages import ChatKey, IncomingMessage, UserKey
from core.operator_ports import (
    BroadcastAudience,
    BroadcastResult,
    Usage,
)
from core.recipe import Recipe


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class MemoryChat:
    """The messages of a chat in order of writing, each with the number of its conversation."""

    conversation: int = 1
    messages: list[tuple[int, HistoryMessage]] = field(default_factory=list)
    answered: dict[str, list[HistoryMessage]] = field(default_factory=dict)
    """What is stored under which message of the platform; the same objects as in `messages`."""


class MemoryHistory:
    """`core.ports.History` in memory.

    Set `failure` to make every call raise it.
    """

    def __init__(
        self,
        *,
        max_messages: int = 40,
        max_age: timedelta = timedelta(days=7),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.chats: dict[ChatKey, MemoryChat] = {}
        self.failure: StorageError | None = None
        self._max_messages = max_messages
        self._max_age = max_age
        self._clock = clock

    async def current(self, chat: ChatKey) -> Conversation:
        self._fail_if_told()
        place = self.chats.get(chat, MemoryChat())
        oldest = self._clock() - self._max_age
        messages = [
            m for number, m in place.messages if number == place.conversation and m.created_at >= oldest
        ]
        return Conversation(_last(messages, self._max_messages))

    async def append(
        self, chat: ChatKey, messages: Sequence[HistoryMessage], *, message_id: str = ""
    ) -> None:
        self._fail_if_told()
        if any(message.created_at.tzinfo is None for message in messages):
            text = "a datetime without a time zone cannot be stored"
            raise StorageError(text)
        if messages:
            await self.retract(chat, message_id)
            place = self.chats.setdefault(chat, MemoryChat())
            stored = [
                replace(m, created_at=m.created_at.astimezone(UTC), recipe=_stored(m.recipe))
                for m in messages
            ]
            place.messages.extend((place.conversation, message) for message in stored)
            place.answered[message_id] = stored

    async def retract(self, chat: ChatKey, message_id: str) -> int:
        self._fail_if_told()
        place = self.chats.get(chat, MemoryChat())
        gone = place.answered.pop(message_id, []) if message_id else []
        before = len(place.messages)
        place.messages = [pair for pair in place.messages if not any(pair[1] is m for m in gone)]
        return before - len(place.messages)

    async def start_new(self, chat: ChatKey) -> None:
        self._fail_if_told()
        if chat in self.chats:
            self.chats[chat].conversation += 1

    async def recent(self, chat: ChatKey, *, limit: int) -> tuple[HistoryMessage, ...]:
        self._fail_if_told()
        return _last([message for _, message in self.chats.get(chat, MemoryChat()).messages], limit)

    async def set_picture(self, chat: ChatKey, picture_name: str) -> None:
        self._fail_if_told()
        place = self.chats.get(chat, MemoryChat())
        for index in reversed(range(len(place.messages))):
            number, message = place.messages[index]
            if message.role == "assistant":
                pictured = replace(message, picture_name=picture_name)
                place.messages[index] = (number, pictured)
                for message_id, stored in place.answered.items():
                    place.answered[message_id] = [pictured if m is message else m for m in stored]
                return

    async def purge(self, older_than: timedelta) -> int:
        self._fail_if_told()
        oldest = self._clock() - older_than
        return self.delete(lambda _, message: message.created_at < oldest)

    def delete(self, unwanted: Callable[[ChatKey, HistoryMessage], bool]) -> int:
        """Delete the unwanted messages and the chats left empty; returns the number of messages."""
        gone = 0
        for chat, place in list(self.chats.items()):
            kept = [(number, message) for number, message in place.messages if not unwanted(chat, message)]
            gone += len(place.messages) - len(kept)
            place.messages = kept
            if not kept:
                del self.chats[chat]
        return gone

    def _fail_if_told(self) -> None:
        if self.failure is not None:
            raise self.failure


class MemoryProfiles:
    """`core.ports.Profiles` in memory."""

    def __init__(self) -> None:
        self.users: dict[UserKey, Preferences] = {}

    async def preferences(self, user: UserKey) -> Preferences:
        return self.users.get(user, Preferences())

    async def save(self, user: UserKey, preferences: Preferences) -> None:
        self.users[user] = preferences


class MemoryPersonalData:
    """`core.ports.PersonalData` over the two above."""

    def __init__(self, history: MemoryHistory, profiles: MemoryProfiles) -> None:
        self._history = history
        self._profiles = profiles

    async def export(self, user: UserKey) -> dict[str, Any]:
        chats = []
        for chat, place in self._history.chats.items():
            messages = [
                _exported(number, message)
                for number, message in place.messages
                if (chat.channel, message.user_id) == (user.channel, user.user_id)
            ]
            if messages:
                chats.append({"chat_id": chat.chat_id, "thread_id": chat.thread_id, "messages": messages})
        preferences = asdict(await self._profiles.preferences(user))
        return {"channel": user.channel, "user_id": user.user_id, "preferences": preferences, "chats": chats}

    async def forget(self, user: UserKey) -> int:
        self._profiles.users.pop(user, None)
        return self._history.delete(
            lambda chat, message: (chat.channel, message.user_id) == (user.channel, user.user_id)
        )


class MemoryBlockList:
    """`core.ports.BlockList` in memory."""

    def __init__(self) -> None:
        self.users: set[UserKey] = set()

    async def blocked(self) -> frozenset[UserKey]:
        return frozenset(self.users)

    async def block(self, user: UserKey) -> bool:
        is_new = user not in self.users
        self.users.add(user)
        return is_new

    async def unblock(self, user: UserKey) -> bool:
        was_blocked = user in self.users
        self.users.discard(user)
        return was_blocked


class MemoryStatistics:
    """`core.ports.Statistics` and `core.ports.ChatDirectory` over `MemoryHistory`."""

    def __init__(self, history: MemoryHistory) -> None:
        self._history = history

    async def usage(self, since: datetime | None = None) -> Usage:
        found = [
            (chat.channel, message)
            for chat, place in self._history.chats.items()
            for _, message in place.messages
            if since is None or message.created_at >= since
        ]
        asked = [(channel, message.user_id) for channel, message in found if message.role == "user"]
        refused = [message for _, message in found if message.role == "assistant" and message.refused]
        return Usage(len(set(asked)), len(asked), len(refused))

    async def chats(self, *, without: Collection[UserKey] = ()) -> tuple[ChatKey, ...]:
        latest = {
            (chat.channel, chat.chat_id): chat
            for chat, place in self._history.chats.items()
            if any(
                message.role == "user" and UserKey(chat.channel, message.user_id) not in without
                for _, message in place.messages
            )
        }
        return tuple(latest.values())


class MemoryOperatorSettings:
    """`core.ports.OperatorSettings` in memory.

    Set `failure` to make every call raise it.
    """

    def __init__(self, **values: str) -> None:
        self.values = values
        self.failure: StorageError | None = None

    async def get(self, name: str) -> str | None:
        if self.failure is not None:
            raise self.failure
        return self.values.get(name)

    async def put(self, name: str, value: str | None) -> None:
        if self.failure is not None:
            raise self.failure
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value


class MemoryBroadcastLog:
    """`core.ports.BroadcastLog`."""

    def __init__(self) -> None:
        self.broadcasts: dict[str, tuple[IncomingMessage, dict[ChatKey, str]]] = {}

    async def begin(
        self, broadcast_id: str, asked: IncomingMessage, chats: Collection[ChatKey]
    ) -> BroadcastAudience:
        _, outcomes = self.broadcasts.setdefault(
            broadcast_id, (replace(asked, text=""), dict.fromkeys(chats, ""))
        )
        return BroadcastAudience(len(outcomes), tuple(chat for chat, known in outcomes.items() if not known))

    async def settle(self, broadcast_id: str, chat: ChatKey, outcome: str) -> BroadcastResult | None:
        if broadcast_id not in self.broadcasts:
            return None
        asked, outcomes = self.broadcasts[broadcast_id]
        if outcomes.get(chat) == "":
            outcomes[chat] = outcome
        if not all(outcomes.values()):
            return None
        known = list(outcomes.values())
        sent, gone = known.count("sent"), known.count("gone")
        return BroadcastResult(asked, sent, gone, len(known) - sent - gone)


def _stored(recipe: Recipe | None) -> Recipe | None:
    """What a database gives back of `recipe`: it went through JSON."""
    return None if recipe is None else Recipe.from_dict(recipe.to_dict())


def _last(messages: Sequence[HistoryMessage], limit: int) -> tuple[HistoryMessage, ...]:
    return tuple(messages[-limit:]) if limit > 0 else ()


def _exported(conversation: int, message: HistoryMessage) -> dict[str, Any]:
    return {
        "role": message.role,
        "text": message.text,
        "created_at": message.created_at.isoformat(),
        "conversation": conversation,
        "recipe": None if message.recipe is None else message.recipe.to_dict(),
        "query": message.query,
        "picture_name": message.picture_name,
        "refused": message.refused,
    }
