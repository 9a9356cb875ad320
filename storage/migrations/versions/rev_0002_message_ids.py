"""Messages know which message of the platform they belong to, so that answering it again replaces them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; what was stored before belongs to no message that could be answered again."""
    op.add_column(
        "messages", sa.Column("message_id", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.create_index("ix_messages_chat_pk_message_id", "messages", ["chat_pk", "message_id"])
