"""Counts over the stored conversations: `core.ports.Statistics` and `core.ports.ChatDirectory`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, true

from core.messages import ChatKey, UserKey
from core.ports import Usage
from storage.session import Database
from storage.tables import Chat, Message


class SqlStatistics:
    """What the conversations add up to.

    Args:
        database: an open database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def usage(self, since: datetime | None = None) -> Usage:
        """What was asked at or after `since`, or ever.

        Raises:
            StorageError: it cannot be counted.
        """
        recent = true() if since is None else Message.created_at >= since
        questions = select(func.count()).where(Message.role == "user", recent)
        refused = select(func.count()).where(Message.role == "assistant", Message.refused, recent)
        people = (
            select(Chat.channel, Message.user_id)
            .join(Chat, Chat.chat_pk == Message.chat_pk)
            .where(Message.role == "user", recent)
            .distinct()
            .subquery()
        )
        async with self._database.reading() as session:
            return Usage(
                users=await session.scalar(select(func.count()).select_from(people)) or 0,
                questions=await session.scalar(questions) or 0,
                refused=await session.scalar(refused) or 0,
            )

    async def chats(self, *, without: Collection[UserKey] = ()) -> tuple[ChatKey, ...]:
        """All in which somebody not in `without` asked something, a forum's latest topic for all of it.

        Raises:
            StorageError: they cannot be read.
        """
        statement = (
            select(Chat.channel, Chat.chat_id, Chat.thread_id, Message.user_id, Chat.chat_pk)
            .join(Message, Message.chat_pk == Chat.chat_pk)
            .where(Message.role == "user")
            .group_by(Chat.channel, Chat.chat_id, Chat.thread_id, Message.user_id, Chat.chat_pk)
            .order_by(Chat.chat_pk)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(statement)).all()
        latest = {
            (row.channel, row.chat_id): ChatKey(row.channel, row.chat_id, row.thread_id)
            for row in rows
            if UserKey(row.channel, row.user_id) not in without
        }
        return tuple(latest.values())
