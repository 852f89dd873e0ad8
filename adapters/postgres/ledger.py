"""The sender's ledger in a PostgreSQL database, on which several senders may work (see sender.ledger.port)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, TypeVar

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from adapters.postgres.faults import closed, of_call, unavailable
from adapters.postgres.migrating import migrate
from adapters.postgres.owning import Owner
from adapters.postgres.publishing import OutboxReader
from adapters.postgres.server import Connection, Limits, Server, prepare
from adapters.postgres.session import PostgresSession
from adapters.postgres.watchdog import Watchdog
from adapters.sql_ledger.ledger import SqlLedger, outbound
from adapters.sql_ledger.session import Session
from sender.ledger.outbox import Outbound
from sender.ledger.port import LedgerUnavailableError

T = TypeVar("T")

ANSWER_WITHIN: Final = timedelta(seconds=40)
"""How long the server may say nothing to a statement. Longer than the limits that it keeps itself."""

GIVE_UP_AFTER: Final = timedelta(seconds=3)
"""How long the pool tries for a connection by itself. Whoever asks next makes it try anew: else, after a long outage,
it would wait as long again."""

# What was in another's way was undone whole. UniqueViolation: two took in one job, under different mailboxes.
_IN_THE_WAY: Final = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
)

_PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.5)
"""Seconds, at most, before each further try of a transaction."""


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
        connect_within: timedelta = timedelta(seconds=10),
        limits: Limits | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._server = Server(url)
        self._limits = limits or Limits()
        migrate(self._server)
        self._watchdog = Watchdog(answer_within)
        self._outbox = OutboxReader(self._server, self._limits, self._watchdog)
        self._own = Owner(self._server, self._limits, self._watchdog)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            self._server.url,
            connection_class=psycopg.Connection[DictRow],
            kwargs={"autocommit": True, "row_factory": dict_row, **self._server.arguments},
            min_size=1,
            max_size=connections,
            timeout=connect_within.total_seconds(),
            reconnect_timeout=GIVE_UP_AFTER.total_seconds(),
            configure=lambda connection: prepare(connection, self._limits),
            check=self._check,
            open=True,
        )

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """See sender.ledger.outbox.Outbox."""
        return outbound(self._outbox.read(limit))

    def close(self) -> None:
        """Let go of all connections."""
        self._outbox.close()
        self._own.close()
        self._pool.close()
        self._watchdog.close()

    @property
    def _owner(self) -> str:
        return self._own.name()

    def _gone(self, owners: Sequence[str], now: datetime) -> Sequence[str]:
        return self._own.gone(owners, now)

    def _transact(self, work: Callable[[Session], T]) -> T:
        for pause in _PAUSES:
            try:
                return self._transact_once(work)
            except _IN_THE_WAY:
                # By chance, so that those who met do not meet again.
                time.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
        try:
            return self._transact_once(work)
        except psycopg.Error as error:
            raise of_call(self._server.place, error) from None

    def _transact_once(self, work: Callable[[Session], T]) -> T:
        # In a pipeline, statements without a result wait for no answer of their own.
        with self._session() as (connection, session), connection.pipeline(), connection.transaction():
            return work(session)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._session() as (_, session):
            yield session

    @contextmanager
    def _session(self) -> Iterator[tuple[Connection, Session]]:
        """A connection of the pool. Raises LedgerUnavailableError, or one of _IN_THE_WAY."""
        # Errors are not chained: their details may hold addresses.
        try:
            with self._pool.connection() as connection, self._watchdog.over(connection) as patience:
                yield connection, PostgresSession(connection, patience)
        except _IN_THE_WAY:
            raise
        except PoolTimeout:
            raise self._why_there_is_none() from None
        except PoolClosed:
            raise closed(self._server.place) from None
        except psycopg.Error as error:
            raise of_call(self._server.place, error) from None

    def _why_there_is_none(self) -> LedgerUnavailableError:
        """The pool does not say why it could make no connection."""
        try:
            self._server.connect(self._limits).close()
        except LedgerUnavailableError as error:
            return error
        return unavailable(self._server.place, "all_busy", "all connections of this process are busy")

    def _check(self, connection: Connection) -> None:
        """Whether a connection of the pool still works; raises psycopg.Error where it doesn't."""
        with self._watchdog.over(connection):
            connection.execute("")
