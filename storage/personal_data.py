"""Everything stored about one user, to hand over or to delete: `core.ports.PersonalData`."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select

from core.messages import UserKey
from storage.history import delete_messages
from storage.profiles import is_user, stored_preferences
from storage.session import Database
from storage.tables import Chat, Message, User


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
            select(Chat, Message)
            .join(Message, Message.chat_pk == Chat.chat_pk)
            .where(_is_of(user))
            .order_by(Chat.chat_pk, Message.message_pk)
        )
        async with self._database.reading() as session:
            preferences = await stored_preferences(session, user)
            rows = (await session.execute(statement)).all()
        chats = [
            {
                "chat_id": chat.chat_id,
                "thread_id": chat.thread_id,
                "messages": [_exported(message) for _, message in messages],
            }
            for chat, messages in groupby(rows, key=lambda row: row[0])
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
        async with self._database.writing() as session:
            gone = await delete_messages(session, _is_of(user))
            await session.execute(delete(User).where(is_user(user)))
        await self._database.drop_traces()
        return gone


def _is_of(user: UserKey) -> ColumnElement[bool]:
    """The condition that a message is the user's, or the answer to one of theirs."""
    chats = select(Chat.chat_pk).where(Chat.channel == user.channel).correlate(None)
    return and_(Message.user_id == user.user_id, Message.chat_pk.in_(chats))


def _exported(message: Message) -> dict[str, Any]:
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
