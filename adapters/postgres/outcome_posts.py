"""Posts of outcomes in PostgreSQL, for any number of senders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

from adapters.postgres.migrating import migrate
from adapters.postgres.server import Limits, Server
from adapters.postgres.transactions import CONNECT_WITHIN, Transactions
from adapters.postgres.watchdog import Watchdog
from adapters.sql_ledger.session import Session
from adapters.sql_outcomes.posts import SqlOutcomePosts
from adapters.sql_outcomes.transactions import as_posts_errors

T = TypeVar("T")

ANSWER_WITHIN: Final = timedelta(seconds=40)
"""How long the server may say nothing to a statement. Longer than the limits that it keeps itself."""


class PostgresOutcomePosts(SqlOutcomePosts):
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 4,
        connect_within: timedelta = CONNECT_WITHIN,
        limits: Limits | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        with as_posts_errors():
            server, limits = Server(url), limits or Limits()
            migrate(server)
            self._watchdog = Watchdog(answer_within)
            self._transactions = Transactions(
                server, limits, self._watchdog, connections=connections, connect_within=connect_within
            )

    def close(self) -> None:
        """Let go of all connections."""
        self._transactions.close()
        self._watchdog.close()

    def _transact(self, work: Callable[[Session], T]) -> T:
        with as_posts_errors():
            return self._transactions.transact(work)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with as_posts_errors(), self._transactions.reading() as session:
            yield session
