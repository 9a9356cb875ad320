"""More sampling of a user's own, and what administrators set while the bot runs: which model answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns and create the table."""
    op.add_column("users", sa.Column("top_k", sa.Integer(), nullable=True))
    op.add_column("users", sa.Column("repetition_penalty", sa.Double(), nullable=True))
    op.add_column("users", sa.Column("max_output_tokens", sa.Integer(), nullable=True))
    op.create_table(
        "operator_settings",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_operator_settings"),
    )
