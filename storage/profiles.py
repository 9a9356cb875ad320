"""Users' own settings in the database: `core.ports.Profiles`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.conversation import Preferences
from core.messages import UserKey
from storage.session import Database
from storage.tables import User


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
        async with self._database.reading() as session:
            return await stored_preferences(session, user)

    async def save(self, user: UserKey, preferences: Preferences) -> None:
        """Store the user's settings.

        Raises:
            StorageError: nothing was stored.
        """
        async with self._database.writing() as session:
            if await _update(session, user, preferences):
                return
            try:
                async with session.begin_nested():
                    session.add(User(channel=user.channel, user_id=user.user_id, **_values(preferences)))
            except IntegrityError:  # another process made the row meanwhile
                await _update(session, user, preferences)


def is_user(user: UserKey) -> ColumnElement[bool]:
    """The condition that a row of `users` is this one."""
    return and_(User.channel == user.channel, User.user_id == user.user_id)


async def stored_preferences(session: AsyncSession, user: UserKey) -> Preferences:
    """The user's settings within a session, defaults for a new user."""
    row = await session.scalar(select(User).where(is_user(user)))
    if row is None:
        return Preferences()
    return Preferences(
        rag=row.rag, image=row.image, voice=row.voice, temperature=row.temperature, top_p=row.top_p
    )


async def _update(session: AsyncSession, user: UserKey, preferences: Preferences) -> bool:
    changed = await session.scalars(
        update(User).where(is_user(user)).values(_values(preferences)).returning(User.user_id),
        execution_options={"synchronize_session": False},
    )
    return changed.first() is not None


def _values(preferences: Preferences) -> dict[str, bool | float | None]:
    return {
        "rag": preferences.rag,
        "image": preferences.image,
        "voice": preferences.voice,
        "temperature": preferences.temperature,
        "top_p": preferences.top_p,
    }
