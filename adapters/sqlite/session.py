"""A connection to SQLite as the Session on which the ledger works."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from adapters.sql_ledger.session import Row, Values


class SqliteSession:
    """Rows name their columns, however the connection is set up."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """See adapters.sql_ledger.session.Session."""
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(statement, values).fetchall()

    def rows_of_each(self, statement: str, values: Sequence[Values]) -> Sequence[Sequence[Row]]:
        """See adapters.sql_ledger.session.Session."""
        return [self.rows(statement, one) for one in values]

    def run(self, statement: str, values: Values) -> None:
        """See adapters.sql_ledger.session.Session."""
        self._connection.execute(statement, values)

    def run_each(self, statement: str, values: Sequence[Values]) -> None:
        """See adapters.sql_ledger.session.Session."""
        self._connection.executemany(statement, values)

    def reserve(self, names: Iterable[str]) -> None:
        """See adapters.sql_ledger.session.Session."""
