"""Blocked users in the database: `core.ports.BlockList`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.messages import UserKey
from storage.session import Database
from storage.tables import BLOCKED_USERS


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
        rows = await self._database.read(lambda connection: connection.execute(select(BLOCKED_USERS)).all())
        return frozenset(UserKey(row.channel, row.user_id) for row in rows)

    async def block(self, user: UserKey) -> bool:
        """Add `user`; returns whether they were not on it.

        Raises:
            StorageError: nothing was changed.
        """

        def work(connection: Connection) -> bool:
            try:
                with connection.begin_nested():
                    row = {"channel": user.channel, "user_id": user.user_id}
                    connection.execute(insert(BLOCKED_USERS), row)
            except IntegrityError:
                return False
            return True

        return await self._database.write(work)

    async def unblock(self, user: UserKey) -> bool:
        """Remove `user`; returns whether they were on it.

        Raises:
            StorageError: nothing was changed.
        """
        statement = delete(BLOCKED_USERS).where(_is(user))
        return await self._database.write(lambda connection: connection.execute(statement).rowcount > 0)


def _is(user: UserKey) -> ColumnElement[bool]:
    return and_(BLOCKED_USERS.c.channel == user.channel, BLOCKED_USERS.c.user_id == user.user_id)
