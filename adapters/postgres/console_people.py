"""What the console keeps of its people, in PostgreSQL, for any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

from adapters.postgres.migrating import migrate
from adapters.postgres.server import Limits, Server
from adapters.postgres.transactions import CONNECT_WITHIN, Transactions
from adapters.postgres.watchdog import Watchdog
from adapters.sql_console.people import SqlPeople, as_store_errors
from adapters.sql_ledger.session import Session

T = TypeVar("T")

ANSWER_WITHIN: Final = timedelta(seconds=20)
"""How long the server may say nothing to a statement."""


class PostgresPeople(SqlPeople):
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end."""

    def __init__(self, url: str, *, connections: int = 4, connect_within: timedelta = CONNECT_WITHIN) -> None:
        with as_store_errors():
            server, limits = Server(url), Limits()
            migrate(server)
            self._watchdog = Watchdog(ANSWER_WITHIN)
            self._transactions = Transactions(
                server, limits, self._watchdog, connections=connections, connect_within=connect_within
            )

    def close(self) -> None:
        """Let go of all connections."""
        self._transactions.close()
        self._watchdog.close()

    def _transact(self, work: Callable[[Session], T]) -> T:
        with as_store_errors():
            return self._transactions.transact(work)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with as_store_errors(), self._transactions.reading() as session:
            yield session
