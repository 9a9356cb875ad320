"""Everything stored about one user, to hand over or to delete: `core.ports.PersonalData`."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from core.messages import UserKey
from storage.broadcast_log import forget_orders
from storage.history import delete_messages
from storage.profiles import forget_preferences, stored_preferences
from storage.session import Database
from storage.tables import CHATS, MESSAGES


class SqlPersonalData:
    """Everything stored about one user: settings, their messages and the answers to them, in all chats.

    Args:
        database: an open database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def export(self, user: UserKey) -> dict[str, Any]:
        """All of it, as JSON-serialisable data.

        The keys are `channel`, `user_id`, `preferences` and `chats`: a list of `{chat_id, thread_id,
        messages}`, each message with `role`, `text`, `created_at` (ISO 8601, UTC), `conversation` (its
        number within the chat), `recipe`, `query`, `picture_name` and `refused`, in the order of writing.

        Raises:
            StorageError: it cannot be read.
        """
        statement = (
            select(CHATS.c.chat_pk, CHATS.c.chat_id, CHATS.c.thread_id, MESSAGES)
            .join(MESSAGES, MESSAGES.c.chat_pk == CHATS.c.chat_pk)
            .where(_is_of(user))
            .order_by(CHATS.c.chat_pk, MESSAGES.c.message_pk)
        )
        preferences, rows = await self._database.read(
            lambda connection: (stored_preferences(connection, user), connection.execute(statement).all())
        )
        chats = [
            {"chat_id": chat[1], "thread_id": chat[2], "messages": [_exported(row) for row in messages]}
            for chat, messages in groupby(rows, key=lambda row: tuple(row[:3]))
        ]
        return {
            "channel": user.channel,
            "user_id": user.user_id,
            "preferences": asdict(preferences),
            "chats": chats,
        }

    async def forget(self, user: UserKey) -> int:
        """Delete all of it, with the chats left empty; returns the number of messages deleted.

        Raises:
            StorageError: nothing was deleted.
        """

        def work(connection: Connection) -> int:
            forget_preferences(connection, user)
            forget_orders(connection, user)
            return delete_messages(connection, _is_of(user))

        gone = await self._database.write(work)
        await self._database.drop_traces()
        return gone


def _is_of(user: UserKey) -> ColumnElement[bool]:
    """The condition that a message is the user's, or the answer to one of theirs."""
    chats = select(CHATS.c.chat_pk).where(CHATS.c.channel == user.channel).correlate(None)
    return and_(MESSAGES.c.user_id == user.user_id, MESSAGES.c.chat_pk.in_(chats))


def _exported(message: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "role": message.role,
        "text": message.text,
        "created_at": message.created_at.isoformat(),
        "conversation": message.conversation,
        "recipe": None if message.recipe is None else _plain(message.recipe),
        "query": message.query,
        "picture_name": message.picture_name,
        "refused": message.refused,
    }


def _plain(recipe: str) -> Any:
    """The stored recipe as data, or verbatim when it does not parse: the user gets what there is."""
    try:
        return json.loads(recipe)
    except ValueError:
        return recipe
