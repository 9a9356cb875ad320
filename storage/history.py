"""Conversations and their messages in the database: `core.ports.History`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.conversation import Conversation, HistoryMessage
from core.errors import CorpusError, StorageError
from core.messages import ChatKey
from core.recipe import Recipe
from storage.session import Database
from storage.tables import Chat, Message, storable

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
"""Tries to find or make a chat's row: a try fails only when others make or delete the same row meanwhile."""

_NO_SYNC = {"synchronize_session": False}
"""The session holds no objects that a bulk statement could make stale."""


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
        bounds = and_(
            Message.conversation == Chat.conversation, Message.created_at >= self._clock() - self._max_age
        )
        return Conversation(await self._latest(chat, bounds, self._max_messages))

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
        if not messages:
            return
        async with self._database.writing() as session:
            place = await _locked_chat(session, chat)
            if message_id:
                await session.execute(
                    delete(Message).where(
                        Message.chat_pk == place.chat_pk, Message.message_id == storable(message_id)
                    ),
                    execution_options=_NO_SYNC,
                )
            rows = [_row(place, message, message_id) for message in messages]
            await session.execute(insert(Message), rows)

    async def retract(self, chat: ChatKey, message_id: str) -> int:
        """Take back what was stored under `message_id`; returns the number of messages deleted.

        For a message that is answered again because the first answer was cut short: the second must not
        see the traces of the first.

        Raises:
            StorageError: nothing was deleted.
        """
        if not message_id:
            return 0
        async with self._database.writing() as session:
            gone = await session.execute(
                delete(Message).where(
                    Message.message_id == storable(message_id),
                    Message.chat_pk.in_(select(Chat.chat_pk).where(is_chat(chat))),
                ),
                execution_options=_NO_SYNC,
            )
            return cast("CursorResult[Any]", gone).rowcount

    async def start_new(self, chat: ChatKey) -> None:
        """Begin a new conversation; the old one stays readable in `recent`."""
        async with self._database.writing() as session:
            await session.execute(
                update(Chat).where(is_chat(chat)).values(conversation=Chat.conversation + 1),
                execution_options=_NO_SYNC,
            )

    async def recent(self, chat: ChatKey, *, limit: int) -> tuple[HistoryMessage, ...]:
        """The chat's latest messages over all conversations, oldest first."""
        return await self._latest(chat, None, limit)

    async def set_picture(self, chat: ChatKey, picture_name: str) -> None:
        """Record the picture of the latest assistant message of the chat; without one, nothing happens."""
        latest = (
            select(func.max(Message.message_pk))
            .join(Chat, Chat.chat_pk == Message.chat_pk)
            .where(is_chat(chat), Message.role == "assistant")
            .scalar_subquery()
        )
        async with self._database.writing() as session:
            await session.execute(
                update(Message).where(Message.message_pk == latest).values(picture_name=picture_name),
                execution_options=_NO_SYNC,
            )

    async def purge(self, older_than: timedelta) -> int:
        """Delete what is older than `older_than` in all chats; returns the number of messages deleted."""
        async with self._database.writing() as session:
            return await delete_messages(session, Message.created_at < self._clock() - older_than)

    async def _latest(
        self, chat: ChatKey, bounds: ColumnElement[bool] | None, limit: int
    ) -> tuple[HistoryMessage, ...]:
        statement = (
            select(Message)
            .join(Chat, Chat.chat_pk == Message.chat_pk)
            .where(is_chat(chat))
            # Together these are the order of writing, and the order of the index.
            .order_by(Message.conversation.desc(), Message.message_pk.desc())
            .limit(max(limit, 0))
        )
        if bounds is not None:
            statement = statement.where(bounds)
        async with self._database.reading() as session:
            rows = (await session.scalars(statement)).all()
        return tuple(_message(row) for row in reversed(rows))


def is_chat(chat: ChatKey) -> ColumnElement[bool]:
    """The condition that a row of `chats` is this one."""
    return and_(Chat.channel == chat.channel, Chat.chat_id == chat.chat_id, Chat.thread_id == chat.thread_id)


async def delete_messages(session: AsyncSession, condition: ColumnElement[bool]) -> int:
    """Delete the messages that meet `condition`, and the chats that are left without any.

    The chats are locked first, so that nobody writes into one between the look and the deletion.
    """
    touched = select(Message.chat_pk).where(condition)
    await session.execute(
        select(Chat.chat_pk).where(Chat.chat_pk.in_(touched)).order_by(Chat.chat_pk).with_for_update()
    )
    gone = await session.execute(delete(Message).where(condition), execution_options=_NO_SYNC)
    left = select(Message.message_pk).where(Message.chat_pk == Chat.chat_pk).exists()
    await session.execute(delete(Chat).where(~left), execution_options=_NO_SYNC)
    return cast("CursorResult[Any]", gone).rowcount


async def _locked_chat(session: AsyncSession, chat: ChatKey) -> Chat:
    """The chat's row, made if it is missing, locked until the transaction ends."""
    for _ in range(_ATTEMPTS):
        place = await session.scalar(select(Chat).where(is_chat(chat)).with_for_update())
        if place is not None:
            return place
        try:
            async with session.begin_nested():
                place = Chat(
                    channel=chat.channel, chat_id=chat.chat_id, thread_id=chat.thread_id, conversation=1
                )
                session.add(place)
        except IntegrityError:
            continue  # another process made it meanwhile
        return place
    message = "the chat's row is made and deleted by others all the time"
    raise StorageError(message, retryable=True)


def _row(place: Chat, message: HistoryMessage, message_id: str) -> dict[str, object]:
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


def _message(row: Message) -> HistoryMessage:
    return HistoryMessage(
        role=row.role,
        text=row.text,
        user_id=row.user_id,
        created_at=row.created_at,
        recipe=None if row.recipe is None else _recipe(row.message_pk, row.recipe),
        query=row.query,
        picture_name=row.picture_name,
        refused=row.refused,
    )


def _recipe(message_pk: int, stored: str) -> Recipe | None:
    """The recipe of a message, or None when an older or newer version of the bot wrote it in another form."""
    try:
        return Recipe.from_dict(json.loads(stored))
    except (CorpusError, ValueError) as exc:
        # Not the exception's text: it may quote what was stored.
        logger.warning("recipe_unreadable message=%d error=%s", message_pk, type(exc).__name__)
        return None
