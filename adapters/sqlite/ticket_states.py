"""States of tickets in the file of embedded mode: an event is appended to the log in the transaction that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from adapters.sql_intake.states import SqlTicketStates, record_of
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.session import Session
from adapters.sqlite.database import BUSY_TIMEOUT, open_database
from adapters.sqlite.event_log import append_to
from adapters.sqlite.grouped import GroupedTransactions
from adapters.sqlite.log_errors import as_log_errors
from adapters.sqlite.session import SqliteSession
from intake.ports import Append, Taken, Unpublished
from intake.states.judgement import TicketKey

T = TypeVar("T")

_FIND: Final = "SELECT body FROM deliveries WHERE event = :event"
_KEEP: Final = "INSERT INTO deliveries (event, taken, body) VALUES (:event, :now, :body)"
_PRUNE: Final = """
    DELETE FROM deliveries WHERE event IN (
        SELECT event FROM deliveries WHERE taken <= :before ORDER BY taken LIMIT :limit
    ) RETURNING event
"""


class SqliteTicketStates(SqlTicketStates):
    """One connection to the file. Threads may share it; what they take in at the same time is committed together."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._grouped = _Grouped(path, busy_timeout)
        super().__init__(self._grouped)

    def publish(self, append: Append, ticket: TicketKey | None = None) -> int:  # noqa: ARG002 - of the port
        """See intake.ports.TicketStates: each event was appended when it was taken."""
        return 0

    def unpublished(self) -> Unpublished:
        """See intake.ports.TicketStates."""
        return Unpublished(0, None)

    @property
    def _prune_deliveries(self) -> str:
        return _PRUNE

    def _known(self, session: Session, event: str) -> Taken | None:
        rows = session.rows(_FIND, {"event": event})
        return Taken(rows[0]["body"], True, True) if rows else None

    def _keep(self, session: Session, ticket: TicketKey, event: str, body: bytes, now: datetime) -> bool:
        session.run(_KEEP, {"event": event, "now": to_micros(now), "body": body})
        append_to(self._grouped.connection, [record_of(ticket, body)], now)
        return True


class _Grouped:
    """The file, whose errors are those of the intake."""

    def __init__(self, path: Path, busy_timeout: timedelta) -> None:
        with as_log_errors():
            self.connection = open_database(path, busy_timeout)
        self._transactions = GroupedTransactions(self.connection)

    def transact(self, work: Callable[[Session], T]) -> T:
        with as_log_errors():
            return self._transactions.do(lambda connection: work(SqliteSession(connection)))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with as_log_errors(), self._transactions.reading() as connection:
            yield SqliteSession(connection)

    def close(self) -> None:
        self._transactions.close()
