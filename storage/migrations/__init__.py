"""The history of the tables, as Alembic revisions in versions/; runs by itself when a database is opened.

To change the tables: edit `storage/tables.py`, write `versions/rev_<next>_<what>.py` after the last one,
set `HEAD` to it. A test compares the result with the tables and names what is missing.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from core.errors import StorageError

HEAD = "0006"
"""The newest revision: known here so that an up-to-date database opens without importing Alembic."""

FOLDER = Path(__file__).parent


def stored_revision(connection: Connection) -> str | None:
    """The revision of the database, or None when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to do."""
    return stored_revision(connection) == HEAD


def upgrade(connection: Connection, label: str) -> None:
    """Bring the database up to `HEAD` within the connection's transaction: all of it or nothing.

    Raises:
        StorageError: the database is of a revision that this version of the bot does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    stored = stored_revision(connection)
    if stored is not None and stored not in known:
        message = (
            f"{label} was written by a newer version of the bot (its revision is {stored}, this version "
            f"knows up to {HEAD}): update the bot, or restore a backup from before the update"
        )
        raise StorageError(message)
    command.upgrade(config, "head")
