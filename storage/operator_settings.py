"""What administrators set while the bot runs, in the database: `core.ports.OperatorSettings`."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.session import Database
from storage.tables import OPERATOR_SETTINGS

# Values of columns go by the columns' names, so the name of the condition is another.
_IS_IT = OPERATOR_SETTINGS.c.name == bindparam("of_name")


class SqlOperatorSettings:
    """A few named texts, the same for everybody.

    Args:
        database: an open database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> str | None:
        """What is set; None when nothing is.

        Raises:
            StorageError: it cannot be read.
        """
        statement = select(OPERATOR_SETTINGS.c.value).where(_IS_IT)
        return await self._database.read(lambda connection: connection.scalar(statement, {"of_name": name}))

    async def put(self, name: str, value: str | None) -> None:
        """Set it; None takes it back.

        Raises:
            StorageError: nothing was changed.
        """

        def work(connection: Connection) -> None:
            if value is None:
                connection.execute(delete(OPERATOR_SETTINGS).where(_IS_IT), {"of_name": name})
                return
            change = update(OPERATOR_SETTINGS).where(_IS_IT), {"of_name": name, "value": value}
            if connection.execute(*change).rowcount:
                return
            try:
                with connection.begin_nested():
                    connection.execute(insert(OPERATOR_SETTINGS), {"name": name, "value": value})
            except IntegrityError:  # another process set it meanwhile
                connection.execute(*change)

        await self._database.write(work)
