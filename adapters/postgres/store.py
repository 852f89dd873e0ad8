"""What adapters keep in PostgreSQL has in common: a database at its newest schema, and the errors of a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Final, TypeVar

from adapters.postgres.migrating import migrate
from adapters.postgres.server import Limits, Server
from adapters.postgres.transactions import CONNECT_WITHIN, Transactions
from adapters.postgres.watchdog import Watchdog
from adapters.sql_ledger.session import Session

T = TypeVar("T")

ANSWER_WITHIN: Final = timedelta(seconds=20)
"""How long the server may say nothing to a statement, where an adapter does not say otherwise."""


class Store:
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end.

    `errors` turns LedgerUnavailableError into the error of the adapter's port: whatever is done here raises that.
    """

    def __init__(
        self,
        url: str,
        errors: Callable[[], AbstractContextManager[None]],
        *,
        connections: int,
        connect_within: timedelta = CONNECT_WITHIN,
        limits: Limits | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._errors = errors
        with errors():
            server, limits = Server(url), limits or Limits()
            migrate(server)
            self._watchdog = Watchdog(answer_within)
            self._transactions = Transactions(
                server, limits, self._watchdog, connections=connections, connect_within=connect_within
            )

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all. It may be done again from its beginning, after it was undone."""
        with self._errors():
            return self._transactions.transact(work)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for statements that change nothing, each by itself."""
        with self._errors(), self._transactions.reading() as session:
            yield session

    def close(self) -> None:
        """Let go of all connections."""
        self._transactions.close()
        self._watchdog.close()
