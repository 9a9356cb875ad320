"""Users may have answers read aloud; whoever was here before did not ask for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("users", sa.Column("voice", sa.Boolean(), nullable=False, server_default=sa.false()))
