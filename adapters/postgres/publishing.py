"""One publisher at a time: whoever reads the outbox holds an advisory lock, which ends with its connection.

Two at once could publish the outcomes of a job in the wrong order.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import psycopg

from adapters.postgres.dialect import lock_key
from adapters.postgres.faults import closed, of_call
from adapters.postgres.server import Connection, Limits, Server
from adapters.postgres.session import PostgresSession
from adapters.postgres.watchdog import Watchdog
from adapters.sql_ledger.session import Row
from adapters.sql_ledger.statements import OUTBOX

# Per database already: advisory locks of two databases are apart.
_BECOME_PUBLISHER: Final = "SELECT pg_try_advisory_lock(%s) AS ours"


class OutboxReader:
    """Reads the outbox where nobody else does, on a connection of its own. Once it may, it may until that ends."""

    def __init__(self, server: Server, limits: Limits, watchdog: Watchdog) -> None:
        self._server = server
        self._limits = limits
        self._watchdog = watchdog
        self._turn = threading.Lock()
        self._connection: Connection | None = None
        self._is_publisher = False
        self._closed = False

    def read(self, limit: int) -> Sequence[Row]:
        """At most `limit` rows of the outbox; none where somebody else reads it. Raises LedgerUnavailableError."""
        with self._turn:
            if self._closed:
                raise closed(self._server.place)
            had_one = self._connection is not None
            try:
                return self._read(limit)
            except psycopg.OperationalError as error:
                self._let_go()
                if not had_one:
                    raise of_call(self._server.place, error) from None
            except psycopg.Error as error:
                raise of_call(self._server.place, error) from None
            return self._read_anew(limit)

    def close(self) -> None:
        """Let another one publish."""
        with self._turn:
            self._closed = True
            self._let_go()

    def _read_anew(self, limit: int) -> Sequence[Row]:
        """By a new connection: the old one was idle, and its server may have gone since."""
        try:
            return self._read(limit)
        except psycopg.Error as error:
            self._let_go()
            raise of_call(self._server.place, error) from None

    def _read(self, limit: int) -> Sequence[Row]:
        if self._connection is None:
            self._connection = self._server.connect(self._limits)
        with self._watchdog.over(self._connection) as patience:
            if not self._is_publisher:
                (found,) = self._connection.execute(_BECOME_PUBLISHER, [lock_key("publisher")]).fetchall()
                self._is_publisher = found["ours"]
            if not self._is_publisher:
                return []
            return PostgresSession(self._connection, patience).rows(OUTBOX, {"limit": limit})

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection, self._is_publisher = None, False
