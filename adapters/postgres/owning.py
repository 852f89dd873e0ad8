"""Which senders live. Each holds an advisory lock on its name, which ends with its process or its connection.

A process that lost its connection counts as gone too: what it claimed may be freed, and it can't hand that over any
more. Behind a pooler that shares sessions (PgBouncer in transaction mode) locks tell nothing, and only leases do.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

import psycopg

from adapters.postgres.dialect import lock_key
from adapters.postgres.faults import closed, of_call
from adapters.postgres.server import Connection, Limits, Server
from adapters.postgres.watchdog import Watchdog

GONE_AFTER: Final = timedelta(seconds=4)
"""How long a name must be without its lock before it counts as gone.

A living process may be without it for a moment, while it connects again: after a restart of the server all do.
"""

_HOLD: Final = "SELECT pg_advisory_lock(%s)"

# The lock is held for this statement only. It is shared, so that two senders that look at once do not see each other.
_FREE: Final = """
    SELECT owner FROM unnest(%(names)s::text[], %(keys)s::bigint[]) AS owners (owner, key)
    WHERE pg_try_advisory_xact_lock_shared(key)
"""

T = TypeVar("T")


class Owner:
    """The name of this process on the ledger, held on a connection of its own from the first claim to the end."""

    def __init__(self, server: Server, limits: Limits, watchdog: Watchdog) -> None:
        self._name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self._server = server
        self._limits = limits
        self._watchdog = watchdog
        self._turn = threading.Lock()
        self._connection: Connection | None = None
        self._missing: dict[str, datetime] = {}
        self._closed = False

    def name(self) -> str:
        """The name, whose lock was taken. Raises LedgerUnavailableError."""
        with self._turn:
            if self._connection is None:
                self._call(lambda _: None)
        return self._name

    def gone(self, names: Sequence[str], now: datetime) -> list[str]:
        """Those of these names that nobody has held for a while. Raises LedgerUnavailableError."""
        with self._turn:
            free = self._call(lambda connection: _free(connection, names))
            self._missing = {name: self._missing.get(name, now) for name in free}
            return [name for name, since in self._missing.items() if now - since >= GONE_AFTER]

    def close(self) -> None:
        """Give up the name: others may free at once what it has claimed."""
        with self._turn:
            self._closed = True
            self._let_go()

    def _call(self, work: Callable[[Connection], T]) -> T:
        """Work on the connection that there is, or on a new one: the old one was idle, and may have been cut since."""
        if self._closed:
            raise closed(self._server.place)
        had_one = self._connection is not None
        try:
            return self._call_once(work)
        except psycopg.Error as error:
            self._let_go()
            if not had_one:
                raise of_call(self._server.place, error) from None
        try:
            return self._call_once(work)
        except psycopg.Error as error:
            self._let_go()
            raise of_call(self._server.place, error) from None

    def _call_once(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._server.connect(self._limits)
            with self._watchdog.over(self._connection):
                self._connection.execute(_HOLD, [_key(self._name)])
        with self._watchdog.over(self._connection):
            return work(self._connection)

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None


def _free(connection: Connection, names: Sequence[str]) -> list[str]:
    values = {"names": list(names), "keys": [_key(name) for name in names]}
    return [row["owner"] for row in connection.execute(_FREE, values).fetchall()]


def _key(name: str) -> int:
    return lock_key(f"owner {name}")
