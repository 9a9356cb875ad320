"""Conversations and their messages in the database: `core.ports.History`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from core.conversation import Conversation, HistoryMessage
from core.errors import CorpusError, StorageError
from core.messages import ChatKey
from core.recipe import Recipe
from storage.session import Database
from storage.tables import CHATS, MESSAGES

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
"""Tries to find or make a chat's row: a try fails only when others make or delete the same row meanwhile."""
_RECIPES_KEPT = 1000
"""A chat's recipes are read anew at every turn; those of the fifty chats that wrote last fit."""

# Statements are built once: building one takes longer than running it. Values of columns go by the names of
# the columns, so those of conditions have others.
_IS_CHAT = (
    (CHATS.c.channel == bindparam("of_channel"))
    & (CHATS.c.chat_id == bindparam("of_chat"))
    & (CHATS.c.thread_id == bindparam("of_thread"))
)
_LATEST_FIRST = (MESSAGES.c.conversation.desc(), MESSAGES.c.message_pk.desc())
"""Together these are the order of writing, and the order of the index."""
_RECENT = (
    select(MESSAGES)
    .join(CHATS, CHATS.c.chat_pk == MESSAGES.c.chat_pk)
    .where(_IS_CHAT)
    .order_by(*_LATEST_FIRST)
    .limit(bindparam("limit", type_=Integer))
)
_CURRENT = _RECENT.where(
    MESSAGES.c.conversation == CHATS.c.conversation, MESSAGES.c.created_at >= bindparam("since")
)
_LOCK_CHAT = select(CHATS.c.chat_pk, CHATS.c.conversation).where(_IS_CHAT).with_for_update()
_MAKE_CHAT = insert(CHATS).returning(CHATS.c.chat_pk, CHATS.c.conversation)
_START_NEW = update(CHATS).where(_IS_CHAT).values(conversation=CHATS.c.conversation + 1)
_RETRACT = delete(MESSAGES).where(
    MESSAGES.c.message_id == bindparam("answered_id"),
    MESSAGES.c.chat_pk.in_(select(CHATS.c.chat_pk).where(_IS_CHAT)),
)
_APPEND = insert(MESSAGES)
_LATEST_ANSWER = (
    select(MESSAGES.c.message_pk)
    .join(CHATS, CHATS.c.chat_pk == MESSAGES.c.chat_pk)
    .where(_IS_CHAT, MESSAGES.c.role == "assistant")
    .order_by(*_LATEST_FIRST)  # max() would look at every message that the chat ever had
    .limit(1)
    .scalar_subquery()
)
_SET_PICTURE = (
    update(MESSAGES)
    .where(MESSAGES.c.message_pk == _LATEST_ANSWER)
    .values(picture_name=bindparam("new_picture_name"))
)


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


class SqlHistory:
    """Conversations and their messages.

    Args:
        database: an open database.
        max_messages: how many messages `current` returns at most.
        max_age: how old a message that `current` returns may be.
        clock: tells the time.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_messages: int,
        max_age: timedelta,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._max_messages = max_messages
        self._max_age = max_age
        self._clock = clock

    async def current(self, chat: ChatKey) -> Conversation:
        """The chat's current conversation, bounded by count and age."""
        bounds = {"limit": self._max_messages, "since": self._clock() - self._max_age}
        return Conversation(await self._read(_CURRENT, _named(chat) | bounds))

    async def append(
        self, chat: ChatKey, messages: Sequence[HistoryMessage], *, message_id: str = ""
    ) -> None:
        """Add messages to the current conversation, all or none, in one piece.

        Args:
            chat: where they were said.
            messages: what was said.
            message_id: the platform's id of the message that was answered. What was stored under it
                before is replaced: whoever was cut short and answers again is remembered once.

        Raises:
            StorageError: nothing was stored, nothing replaced.
        """

        def work(connection: Connection) -> None:
            place = _locked_chat(connection, chat)
            if message_id:
                connection.execute(_RETRACT, _named(chat) | {"answered_id": message_id})
            connection.execute(_APPEND, [_row(place, message, message_id) for message in messages])

        if messages:
            await self._database.write(work)

    async def retract(self, chat: ChatKey, message_id: str) -> int:
        """Take back what was stored under `message_id`; returns the number of messages deleted.

        For a message that is answered again because the first answer was cut short: the second must not
        see the traces of the first.

        Raises:
            StorageError: nothing was deleted.
        """
        if not message_id:
            return 0
        values = _named(chat) | {"answered_id": message_id}
        return await self._database.write(lambda connection: connection.execute(_RETRACT, values).rowcount)

    async def start_new(self, chat: ChatKey) -> None:
        """Begin a new conversation; the old one stays readable in `recent`."""
        await self._database.write(lambda connection: connection.execute(_START_NEW, _named(chat)).rowcount)

    async def recent(self, chat: ChatKey, *, limit: int) -> tuple[HistoryMessage, ...]:
        """The chat's latest messages over all conversations, oldest first."""
        return await self._read(_RECENT, _named(chat) | {"limit": max(limit, 0)})

    async def set_picture(self, chat: ChatKey, picture_name: str) -> None:
        """Record the picture of the latest assistant message of the chat; without one, nothing happens."""
        values = _named(chat) | {"new_picture_name": picture_name}
        await self._database.write(lambda connection: connection.execute(_SET_PICTURE, values).rowcount)

    async def purge(self, older_than: timedelta) -> int:
        """Delete what is older than `older_than` in all chats; returns the number of messages deleted."""
        is_old = MESSAGES.c.created_at < self._clock() - older_than
        return await self._database.write(lambda connection: delete_messages(connection, is_old))

    async def _read(
        self, statement: Select[*tuple[Any, ...]], values: dict[str, Any]
    ) -> tuple[HistoryMessage, ...]:
        def work(connection: Connection) -> tuple[HistoryMessage, ...]:
            return tuple(_message(row) for row in reversed(connection.execute(statement, values).all()))

        return await self._database.read(work)


def delete_messages(connection: Connection, condition: ColumnElement[bool]) -> int:
    """Delete the messages that meet `condition`, and the chats that are left without any.

    The chats are locked first, so that nobody writes into one between the look and the deletion.
    """
    touched = select(MESSAGES.c.chat_pk).where(condition)
    connection.execute(
        select(CHATS.c.chat_pk)
        .where(CHATS.c.chat_pk.in_(touched))
        .order_by(CHATS.c.chat_pk)
        .with_for_update()
    )
    gone = connection.execute(delete(MESSAGES).where(condition)).rowcount
    left = select(MESSAGES.c.message_pk).where(MESSAGES.c.chat_pk == CHATS.c.chat_pk).exists()
    connection.execute(delete(CHATS).where(~left))
    return gone


def _named(chat: ChatKey) -> dict[str, Any]:
    """The values of `_IS_CHAT`."""
    return {"of_channel": chat.channel, "of_chat": chat.chat_id, "of_thread": chat.thread_id}


def _locked_chat(connection: Connection, chat: ChatKey) -> Row[int, int]:
    """The chat's row (chat_pk, conversation), made if it is missing, locked until the transaction ends."""
    for _ in range(_ATTEMPTS):
        place = connection.execute(_LOCK_CHAT, _named(chat)).one_or_none()
        if place is not None:
            return place
        try:
            with connection.begin_nested():
                return connection.execute(_MAKE_CHAT, asdict(chat) | {"conversation": 1}).one()
        except IntegrityError:
            continue  # another process made it meanwhile
    message = "the chat's row is made and deleted by others all the time"
    raise StorageError(message, retryable=True)


def _row(place: Row[int, int], message: HistoryMessage, message_id: str) -> dict[str, object]:
    recipe = message.recipe
    return {
        "chat_pk": place.chat_pk,
        "conversation": place.conversation,
        "role": message.role,
        "user_id": message.user_id,
        "created_at": message.created_at,
        "text": message.text,
        "recipe": None if recipe is None else json.dumps(recipe.to_dict(), ensure_ascii=False),
        "query": message.query,
        "picture_name": message.picture_name,
        "refused": message.refused,
        "message_id": message_id,
    }


def _message(row: Row[*tuple[Any, ...]]) -> HistoryMessage:
    return HistoryMessage(
        role=row.role,
        text=row.text,
        user_id=row.user_id,
        created_at=row.created_at,
        recipe=None if row.recipe is None else _readable(row.message_pk, row.recipe),
        query=row.query,
        picture_name=row.picture_name,
        refused=row.refused,
    )


def _readable(message_pk: int, stored: str) -> Recipe | None:
    """The recipe of a message, or None when an older or newer version of the bot wrote it in another form."""
    try:
        return _recipe(stored)
    except (CorpusError, ValueError) as exc:
        # Not the exception's text: it may quote what was stored.
        logger.warning("recipe_unreadable message=%d error=%s", message_pk, type(exc).__name__)
        return None


@lru_cache(_RECIPES_KEPT)
def _recipe(stored: str) -> Recipe:
    return Recipe.from_dict(json.loads(stored))
