"""The sender's ledger in a PostgreSQL database, on which several senders may work (see sender.ledger.port)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final, TypeVar

from adapters.postgres.migrating import migrate
from adapters.postgres.owning import Owner
from adapters.postgres.publishing import OutboxReader
from adapters.postgres.server import Limits, Server
from adapters.postgres.transactions import CONNECT_WITHIN, Transactions
from adapters.postgres.watchdog import Watchdog
from adapters.sql_ledger.ledger import SqlLedger, outbound
from adapters.sql_ledger.session import Session
from sender.ledger.outbox import Outbound

T = TypeVar("T")

ANSWER_WITHIN: Final = timedelta(seconds=40)
"""How long the server may say nothing to a statement. Longer than the limits that it keeps itself."""


class PostgresLedger(SqlLedger):
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end.

    A call that fails because the connection was lost may have been done or not: repeat it. No job is taken in, claimed
    or reported on twice by that; a claim that nobody knows of is found among the abandoned.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 8,
        connect_within: timedelta = CONNECT_WITHIN,
        limits: Limits | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        server, limits = Server(url), limits or Limits()
        migrate(server)
        self._watchdog = Watchdog(answer_within)
        self._outbox = OutboxReader(server, limits, self._watchdog)
        self._own = Owner(server, limits, self._watchdog)
        self._transactions = Transactions(
            server, limits, self._watchdog, connections=connections, connect_within=connect_within
        )

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """See sender.ledger.outbox.Outbox."""
        return outbound(self._outbox.read(limit))

    def close(self) -> None:
        """Let go of all connections."""
        self._outbox.close()
        self._own.close()
        self._transactions.close()
        self._watchdog.close()

    @property
    def _owner(self) -> str:
        return self._own.name()

    def _gone(self, owners: Sequence[str], now: datetime) -> Sequence[str]:
        return self._own.gone(owners, now)

    def _transact(self, work: Callable[[Session], T]) -> T:
        return self._transactions.transact(work)

    def _reading(self) -> AbstractContextManager[Session]:
        return self._transactions.reading()


class PostgresLedgerReader(SqlLedger):
    """The same, on connections that can change nothing: for questions. Its tables are there already.

    It is made at once, whether the server is there or not. A statement that takes longer than `within` raises
    LedgerUnavailableError, as does what would change anything.
    """

    def __init__(self, url: str, within: timedelta, *, connections: int = 2) -> None:
        limits = Limits(statement=within, lock=within, is_reading=True)
        self._watchdog = Watchdog(within + timedelta(seconds=1))
        self._transactions = Transactions(
            Server(url), limits, self._watchdog, connections=connections, connect_within=within
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._transactions.close()
        self._watchdog.close()

    @property
    def _owner(self) -> str:
        return ""

    def _gone(self, owners: Sequence[str], now: datetime) -> Sequence[str]:  # noqa: ARG002 - it claims nothing
        return ()

    def _transact(self, work: Callable[[Session], T]) -> T:
        return self._transactions.transact(work)

    def _reading(self) -> AbstractContextManager[Session]:
        return self._transactions.reading()
