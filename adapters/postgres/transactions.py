"""Transactions on a pool of connections, each done durably or not at all, and again where others were in the way."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from adapters.postgres.faults import closed, of_call, unavailable
from adapters.postgres.server import Connection, Limits, Server, prepare
from adapters.postgres.session import PostgresSession
from adapters.postgres.watchdog import Watchdog
from adapters.sql_ledger.session import Session
from sender.ledger.port import LedgerUnavailableError

T = TypeVar("T")

CONNECT_WITHIN: Final = timedelta(seconds=10)
"""How long a call waits for a connection."""

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


class Transactions:
    """May be shared between threads; `close` it at the end. Its database has all tables already."""

    def __init__(
        self,
        server: Server,
        limits: Limits,
        watchdog: Watchdog,
        *,
        connections: int,
        connect_within: timedelta = CONNECT_WITHIN,
    ) -> None:
        self._server = server
        self._limits = limits
        self._watchdog = watchdog
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            server.url,
            connection_class=psycopg.Connection[DictRow],
            kwargs={"autocommit": True, "row_factory": dict_row, **server.arguments},
            min_size=1,
            max_size=connections,
            timeout=connect_within.total_seconds(),
            reconnect_timeout=GIVE_UP_AFTER.total_seconds(),
            configure=lambda connection: prepare(connection, limits),
            check=self._check,
            open=True,
        )

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all. It may be done again from its beginning, after it was undone.

        Raises LedgerUnavailableError, and whatever the work raises.
        """
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

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for statements that change nothing, each by itself. Raises LedgerUnavailableError."""
        with self._session() as (_, session):
            yield session

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()

    def _transact_once(self, work: Callable[[Session], T]) -> T:
        # In a pipeline, statements without a result wait for no answer of their own.
        with self._session() as (connection, session), connection.pipeline(), connection.transaction():
            return work(session)

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
