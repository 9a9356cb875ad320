"""The tables, as SQLAlchemy typed declarative classes.

A chat has numbered conversations; the number grows by one with every /clear, so the order of
(conversation, message_pk) is the order in which a chat's messages were written. Users have a row only
once they changed a setting; messages name their author by the platform's id, within the chat's channel.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, cast

import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name that a later migration can drop it by, on every database."""


def storable(text: str) -> str:
    """`text` as every database can hold it.

    Lone surrogates cannot be encoded as UTF-8 and PostgreSQL has no NUL; both become U+FFFD, and
    surrogates that form a pair become the character they stand for.
    """
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "\ufffd")


class Words(TypeDecorator[str]):
    """Text of people or platforms, made storable instead of refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what no database can hold."""
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Goes in with any time zone, comes out in UTC, also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC; a datetime without a zone is refused, for nobody knows which instant it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a datetime without a time zone cannot be stored"
            raise ValueError(message)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Name the zone that SQLite does not store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Root of the tables; carries the metadata."""

    metadata = MetaData(naming_convention=NAMES)


class User(Table):
    """A user's own settings; one row per user who changed one."""

    __tablename__ = "users"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(Words, primary_key=True)
    rag: Mapped[bool]
    image: Mapped[bool]
    voice: Mapped[bool] = mapped_column(server_default=sa.false())
    temperature: Mapped[float | None]
    top_p: Mapped[float | None]
    top_k: Mapped[int | None]
    repetition_penalty: Mapped[float | None]
    max_output_tokens: Mapped[int | None]


class BlockedUser(Table):
    """A user who gets no answer any more; /forget leaves the row, or it would undo it."""

    __tablename__ = "blocked_users"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(Words, primary_key=True)


class OperatorSetting(Table):
    """What an administrator set while the bot ran, for everybody."""

    __tablename__ = "operator_settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Words)


class Chat(Table):
    """A place of conversation. Its row is what writers of the same chat lock."""

    __tablename__ = "chats"
    __table_args__ = (UniqueConstraint("channel", "chat_id", "thread_id"),)

    chat_pk: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[str] = mapped_column(Words)
    thread_id: Mapped[str] = mapped_column(Words)
    conversation: Mapped[int]
    """Number of the current conversation."""


class Message(Table):
    """One remembered message; the fields are those of `core.conversation.HistoryMessage`."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'assistant')", name="role_known"),
        Index(None, "chat_pk", "conversation", "message_pk"),
        Index(None, "chat_pk", "message_id"),
        {"sqlite_autoincrement": True},
    )

    message_pk: Mapped[int] = mapped_column(primary_key=True)
    """Grows with every message and is never used again: the order of writing."""
    chat_pk: Mapped[int] = mapped_column(ForeignKey(Chat.chat_pk))
    conversation: Mapped[int]
    role: Mapped[Literal["user", "assistant"]] = mapped_column(String(16))
    user_id: Mapped[str] = mapped_column(Words, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    text: Mapped[str] = mapped_column(Words)
    recipe: Mapped[str | None] = mapped_column(Words)
    """The recipe as JSON text. Not a JSON column: a row that no longer parses must still be readable."""
    query: Mapped[str] = mapped_column(Words)
    picture_name: Mapped[str] = mapped_column(Words)
    refused: Mapped[bool]
    message_id: Mapped[str] = mapped_column(Words, server_default=sa.text("''"))
    """The platform's id of the message that was answered, the same on question and answer; "" if unknown."""


class Broadcast(Table):
    """A broadcast that was ordered: where the report goes, and what became of it so far."""

    __tablename__ = "broadcasts"

    broadcast_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    chat_id: Mapped[str] = mapped_column(Words)
    thread_id: Mapped[str] = mapped_column(Words)
    user_id: Mapped[str] = mapped_column(Words)
    message_id: Mapped[str] = mapped_column(Words)
    is_group: Mapped[bool]
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    chats: Mapped[int]
    """To how many it goes; those neither `sent` nor `gone` in the end did not get it."""
    sent: Mapped[int]
    gone: Mapped[int]


class BroadcastChat(Table):
    """A chat to which a broadcast is under way."""

    __tablename__ = "broadcast_chats"

    broadcast_id: Mapped[str] = mapped_column(
        String(64), ForeignKey(Broadcast.broadcast_id), primary_key=True
    )
    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    chat_id: Mapped[str] = mapped_column(Words, primary_key=True)
    thread_id: Mapped[str] = mapped_column(Words, primary_key=True)


CHATS = cast("sa.Table", Chat.__table__)
MESSAGES = cast("sa.Table", Message.__table__)
USERS = cast("sa.Table", User.__table__)
BLOCKED_USERS = cast("sa.Table", BlockedUser.__table__)
OPERATOR_SETTINGS = cast("sa.Table", OperatorSetting.__table__)
BROADCASTS = cast("sa.Table", Broadcast.__table__)
BROADCAST_CHATS = cast("sa.Table", BroadcastChat.__table__)
