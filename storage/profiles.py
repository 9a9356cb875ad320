"""Users' own settings in the database: `core.ports.Profiles`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.conversation import Preferences
from core.messages import UserKey
from storage.session import Database
from storage.tables import USERS

# Values of columns go by the columns' names, so the names of the condition are others.
_IS_USER = and_(USERS.c.channel == bindparam("of_channel"), USERS.c.user_id == bindparam("of_user"))
_PREFERENCES = select(USERS).where(_IS_USER)
_UPDATE = update(USERS).where(_IS_USER)
_COLUMNS = tuple(field.name for field in fields(Preferences))
"""A preference and its column have one name."""


class SqlProfiles:
    """Users' own settings.

    Args:
        database: an open database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preferences(self, user: UserKey) -> Preferences:
        """The user's settings, defaults for a new user.

        Raises:
            StorageError: they cannot be read.
        """
        return await self._database.read(lambda connection: stored_preferences(connection, user))

    async def save(self, user: UserKey, preferences: Preferences) -> None:
        """Store the user's settings.

        Raises:
            StorageError: nothing was stored.
        """
        values = _values(preferences)

        def work(connection: Connection) -> None:
            if connection.execute(_UPDATE, _named(user) | values).rowcount:
                return
            try:
                with connection.begin_nested():
                    row = {"channel": user.channel, "user_id": user.user_id} | values
                    connection.execute(insert(USERS), row)
            except IntegrityError:  # another process made the row meanwhile
                connection.execute(_UPDATE, _named(user) | values)

        await self._database.write(work)


def stored_preferences(connection: Connection, user: UserKey) -> Preferences:
    """The user's settings, defaults for a new user."""
    row = connection.execute(_PREFERENCES, _named(user)).one_or_none()
    if row is None:
        return Preferences()
    return Preferences(**{name: getattr(row, name) for name in _COLUMNS})


def forget_preferences(connection: Connection, user: UserKey) -> None:
    """Delete the user's settings."""
    connection.execute(delete(USERS).where(_IS_USER), _named(user))


def _named(user: UserKey) -> dict[str, Any]:
    """The values of `_IS_USER`."""
    return {"of_channel": user.channel, "of_user": user.user_id}


def _values(preferences: Preferences) -> dict[str, Any]:
    return {name: getattr(preferences, name) for name in _COLUMNS}
