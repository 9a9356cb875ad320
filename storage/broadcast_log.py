"""Broadcasts under way in the database: `core.ports.BroadcastLog`.

A chat's row lives until it is known what became of the broadcast there, a broadcast's row for as long as the
inbox remembers the order itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from core.messages import ChatKey, IncomingMessage, UserKey
from core.operator_ports import (
    BroadcastAudience,
    BroadcastResult,
)
from storage.session import Database
from storage.tables import BROADCAST_CHATS, BROADCASTS

_KEPT = timedelta(days=7)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlBroadcastLog:
    """Whom a broadcast is for, and what became of it.

    Args:
        database: an open database.
        clock: tells the time.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._clock = clock

    async def begin(
        self, broadcast_id: str, asked: IncomingMessage, chats: Collection[ChatKey]
    ) -> BroadcastAudience:
        """Note whom a broadcast is for, unless that is known; returns those that it is still under way to.

        Raises:
            StorageError: nothing was noted.
        """

        def work(connection: Connection) -> BroadcastAudience:
            self._purge(connection)
            found = _found(connection, broadcast_id)
            if found is not None:
                return BroadcastAudience(found.chats, _under_way(connection, broadcast_id))
            connection.execute(insert(BROADCASTS), _order(broadcast_id, asked, len(chats), self._clock()))
            if chats:
                connection.execute(
                    insert(BROADCAST_CHATS),
                    [{"broadcast_id": broadcast_id, **_place(chat)} for chat in chats],
                )
            return BroadcastAudience(len(chats), tuple(chats))

        return await self._database.write(work)

    async def settle(self, broadcast_id: str, chat: ChatKey, outcome: str) -> BroadcastResult | None:
        """Note what became of a broadcast in a chat, once; returns the result when all is known.

        Raises:
            StorageError: it may not have been noted.
        """

        def work(connection: Connection) -> BroadcastResult | None:
            columns = BROADCAST_CHATS.c
            here = and_(*(columns[name] == value for name, value in _place(chat).items()))
            this = delete(BROADCAST_CHATS).where(columns.broadcast_id == broadcast_id, here)
            if connection.execute(this).rowcount and outcome in {"sent", "gone"}:
                counter = BROADCASTS.c[outcome]
                raised = update(BROADCASTS).where(BROADCASTS.c.broadcast_id == broadcast_id)
                connection.execute(raised.values({counter: counter + 1}))
            found = _found(connection, broadcast_id)
            if found is None or _count_under_way(connection, broadcast_id):
                return None
            return BroadcastResult(
                _asked(found), found.sent, found.gone, found.chats - found.sent - found.gone
            )

        return await self._database.write(work)

    def _purge(self, connection: Connection) -> None:
        old = select(BROADCASTS.c.broadcast_id).where(BROADCASTS.c.ordered_at < self._clock() - _KEPT)
        for table in (BROADCAST_CHATS, BROADCASTS):
            connection.execute(delete(table).where(table.c.broadcast_id.in_(old)))


def forget_orders(connection: Connection, user: UserKey) -> None:
    """Delete what `user` had sent to all; what is still under way stays until it is reported."""
    columns = BROADCASTS.c
    under_way = select(BROADCAST_CHATS.c.broadcast_id)
    connection.execute(
        delete(BROADCASTS).where(
            columns.channel == user.channel,
            columns.user_id == user.user_id,
            columns.broadcast_id.not_in(under_way),
        )
    )


def _found(connection: Connection, broadcast_id: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(
        select(BROADCASTS).where(BROADCASTS.c.broadcast_id == broadcast_id)
    ).one_or_none()


def _under_way(connection: Connection, broadcast_id: str) -> tuple[ChatKey, ...]:
    columns = BROADCAST_CHATS.c
    rows = connection.execute(
        select(columns.channel, columns.chat_id, columns.thread_id).where(
            columns.broadcast_id == broadcast_id
        )
    )
    return tuple(ChatKey(*row) for row in rows)


def _count_under_way(connection: Connection, broadcast_id: str) -> int:
    counted = select(func.count()).where(BROADCAST_CHATS.c.broadcast_id == broadcast_id)
    return connection.scalar(counted) or 0


def _place(chat: ChatKey) -> dict[str, str]:
    return {"channel": chat.channel, "chat_id": chat.chat_id, "thread_id": chat.thread_id}


def _order(broadcast_id: str, asked: IncomingMessage, chats: int, now: datetime) -> dict[str, object]:
    return {
        "broadcast_id": broadcast_id,
        **_place(asked.chat),
        "user_id": asked.user.user_id,
        "message_id": asked.message_id,
        "is_group": asked.is_group,
        "ordered_at": now,
        "chats": chats,
        "sent": 0,
        "gone": 0,
    }


def _asked(row: Row[tuple[object, ...]]) -> IncomingMessage:
    chat = ChatKey(row.channel, row.chat_id, row.thread_id)
    user = UserKey(row.channel, row.user_id)
    return IncomingMessage(chat, user, row.message_id, "", row.ordered_at, row.is_group)
