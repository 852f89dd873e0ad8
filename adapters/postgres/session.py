"""A connection to PostgreSQL as the Session on which the ledger works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.postgres.dialect import lock_key, translated
from adapters.postgres.server import Connection
from adapters.postgres.watchdog import Patience
from adapters.sql_ledger.session import Row, Values

# In the order of the keys, which is the same for all senders: so none waits for one that waits for it.
_RESERVE = "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s) AS key"


class PostgresSession:
    """Within a pipeline, what has no result goes out together with what has one."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        self._connection = connection
        self._patience = patience

    def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """See adapters.sql_ledger.session.Session."""
        self._patience.renew()
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(translated(statement), values).fetchall()

    def rows_of_each(self, statement: str, values: Sequence[Values]) -> Sequence[Sequence[Row]]:
        """See adapters.sql_ledger.session.Session."""
        self._patience.renew()
        own = translated(statement)
        return [cursor.fetchall() for cursor in [self._connection.execute(own, one, binary=True) for one in values]]

    def run(self, statement: str, values: Values) -> None:
        """See adapters.sql_ledger.session.Session."""
        self._patience.renew()
        self._connection.execute(translated(statement), values)

    def run_each(self, statement: str, values: Sequence[Values]) -> None:
        """See adapters.sql_ledger.session.Session."""
        self._patience.renew()
        with self._connection.cursor() as cursor:
            cursor.executemany(translated(statement), values)

    def reserve(self, names: Iterable[str]) -> None:
        """See adapters.sql_ledger.session.Session."""
        keys = sorted({lock_key(name) for name in names})
        if keys:
            self._patience.renew()
            self._connection.execute(_RESERVE, {"keys": keys})
