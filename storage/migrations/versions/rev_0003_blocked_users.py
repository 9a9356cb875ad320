"""Users whom an administrator blocked, so that a restart does not forgive them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "blocked_users",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "user_id", name="pk_blocked_users"),
    )
