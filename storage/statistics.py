"""Counts over the stored conversations: `core.ports.Statistics` and `core.ports.ChatDirectory`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select, true

from core.messages import ChatKey, UserKey
from core.operator_ports import Usage
from storage.session import Database
from storage.tables import CHATS, MESSAGES


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
        recent = true() if since is None else MESSAGES.c.created_at >= since
        questions = select(func.count()).where(MESSAGES.c.role == "user", recent)
        refused = select(func.count()).where(MESSAGES.c.role == "assistant", MESSAGES.c.refused, recent)
        people = (
            select(CHATS.c.channel, MESSAGES.c.user_id)
            .join(CHATS, CHATS.c.chat_pk == MESSAGES.c.chat_pk)
            .where(MESSAGES.c.role == "user", recent)
            .distinct()
            .subquery()
        )

        def work(connection: Connection) -> Usage:
            return Usage(
                users=connection.scalar(select(func.count()).select_from(people)) or 0,
                questions=connection.scalar(questions) or 0,
                refused=connection.scalar(refused) or 0,
            )

        return await self._database.read(work)

    async def chats(self, *, without: Collection[UserKey] = ()) -> tuple[ChatKey, ...]:
        """All in which somebody not in `without` asked something, a forum's latest topic for all of it.

        Raises:
            StorageError: they cannot be read.
        """
        statement = (
            select(CHATS.c.channel, CHATS.c.chat_id, CHATS.c.thread_id, MESSAGES.c.user_id, CHATS.c.chat_pk)
            .join(MESSAGES, MESSAGES.c.chat_pk == CHATS.c.chat_pk)
            .where(MESSAGES.c.role == "user")
            .group_by(
                CHATS.c.channel, CHATS.c.chat_id, CHATS.c.thread_id, MESSAGES.c.user_id, CHATS.c.chat_pk
            )
            .order_by(CHATS.c.chat_pk)
        )
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        latest = {
            (row.channel, row.chat_id): ChatKey(row.channel, row.chat_id, row.thread_id)
            for row in rows
            if UserKey(row.channel, row.user_id) not in without
        }
        return tuple(latest.values())
