"""The first tables: users, chats, messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "users",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("rag", sa.Boolean(), nullable=False),
        sa.Column("image", sa.Boolean(), nullable=False),
        sa.Column("temperature", sa.Double(), nullable=True),
        sa.Column("top_p", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "user_id", name="pk_users"),
    )
    op.create_table(
        "chats",
        sa.Column("chat_pk", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat_pk", name="pk_chats"),
        sa.UniqueConstraint("channel", "chat_id", "thread_id", name="uq_chats_channel_chat_id_thread_id"),
    )
    op.create_table(
        "messages",
        sa.Column("message_pk", sa.Integer(), nullable=False),
        sa.Column("chat_pk", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("picture_name", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("message_pk", name="pk_messages"),
        sa.ForeignKeyConstraint(["chat_pk"], ["chats.chat_pk"], name="fk_messages_chat_pk_chats"),
        sa.CheckConstraint("role IN ('user', 'assistant')", name=op.f("ck_messages_role_known")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_messages_chat_pk_conversation_message_pk", "messages", ["chat_pk", "conversation", "message_pk"]
    )
    op.create_index("ix_messages_user_id", "messages", ["user_id"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])
