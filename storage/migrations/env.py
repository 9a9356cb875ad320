"""What Alembic runs for every command: migrate over the connection that it was handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from storage.tables import Table

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True)
# The transaction is the caller's, who began it before it looked at the revision.
context.run_migrations()
