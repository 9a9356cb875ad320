"""Blocked users in the database: `core.ports.BlockList`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.exc import IntegrityError

from core.messages import UserKey
from storage.session import Database
from storage.tables import BlockedUser


class SqlBlockList:
    """Users who get no answer any more.

    Args:
        database: an open database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def blocked(self) -> frozenset[UserKey]:
        """All of them.

        Raises:
            StorageError: they cannot be read.
        """
        async with self._database.reading() as session:
            rows = await session.scalars(select(BlockedUser))
            return frozenset(UserKey(row.channel, row.user_id) for row in rows)

    async def block(self, user: UserKey) -> bool:
        """Add `user`; returns whether they were not on it.

        Raises:
            StorageError: nothing was changed.
        """
        async with self._database.writing() as session:
            try:
                async with session.begin_nested():
                    session.add(BlockedUser(channel=user.channel, user_id=user.user_id))
            except IntegrityError:
                return False
        return True

    async def unblock(self, user: UserKey) -> bool:
        """Remove `user`; returns whether they were on it.

        Raises:
            StorageError: nothing was changed.
        """
        statement = delete(BlockedUser).where(_is(user)).returning(BlockedUser.user_id)
        async with self._database.writing() as session:
            return (await session.scalars(statement)).first() is not None


def _is(user: UserKey) -> ColumnElement[bool]:
    return and_(BlockedUser.channel == user.channel, BlockedUser.user_id == user.user_id)
