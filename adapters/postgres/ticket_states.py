"""States of tickets in PostgreSQL, for any number of processes: an event waits there until the log has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.postgres.server import Limits
from adapters.postgres.store import Store
from adapters.postgres.transactions import CONNECT_WITHIN
from adapters.sql_intake.states import SqlTicketStates, as_log_errors, name_of, record_of
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from intake.ports import Append, LogAwayError, LogUnavailableError, Taken, Unpublished
from intake.states.judgement import TicketKey

ANSWER_WITHIN: Final = timedelta(seconds=20)
"""How long the server may say nothing to a statement, and the log to a page of events."""

PAGE: Final = 100
"""Events that are published in one transaction: some 13 MB where all texts are as long as they may be."""

_FIND: Final = "SELECT body, waits FROM deliveries WHERE event = :event"
_KEEP: Final = """
    INSERT INTO deliveries (event, source, ticket, taken, waits, body)
    VALUES (:event, :source, :ticket, :now, 1, :body)
"""
_PRUNE: Final = """
    DELETE FROM deliveries WHERE seq IN (
        SELECT seq FROM deliveries WHERE waits = 0 AND taken <= :before ORDER BY taken LIMIT :limit
        /*pg FOR UPDATE SKIP LOCKED */
    ) RETURNING seq
"""
_TICKETS_WAITING: Final = """
    SELECT seq, source, ticket FROM deliveries WHERE waits = 1 AND seq > :after ORDER BY seq LIMIT :limit
"""
_WAITING: Final = """
    SELECT seq, body FROM deliveries WHERE source = :source AND ticket = :ticket AND waits = 1
    ORDER BY seq LIMIT :limit
"""
_PUBLISHED: Final = "UPDATE deliveries SET waits = 0 WHERE seq = :seq"
_UNPUBLISHED: Final = "SELECT COUNT(*) AS events, MIN(taken) AS oldest FROM deliveries WHERE waits = 1"


class PostgresTicketStates(SqlTicketStates):
    """Made of a libpq URL (`postgresql://…`). It may be shared between threads; `close` it at the end."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 8,
        connect_within: timedelta = CONNECT_WITHIN,
        limits: Limits | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        super().__init__(
            Store(
                url,
                as_log_errors,
                connections=connections,
                connect_within=connect_within,
                limits=limits,
                answer_within=answer_within,
            )
        )

    def publish(self, append: Append, ticket: TicketKey | None = None) -> int:
        """See intake.ports.TicketStates.

        While a page is appended, its tickets are reserved, so that no other process appends later events of them. What
        the log refuses for good keeps back its own ticket alone: its error is raised at the end.
        """
        if ticket is not None:
            return self._publish(append, [ticket])
        published, after, refused = 0, 0, None
        while rows := self._waiting(after):
            after = rows[-1]["seq"]
            done, error = self._publish_what_goes(
                append, sorted({TicketKey(row["source"], row["ticket"]) for row in rows})
            )
            published, refused = published + done, refused or error
        if refused is not None:
            raise refused
        return published

    def unpublished(self) -> Unpublished:
        """See intake.ports.TicketStates."""
        with self._reading() as session:
            [row] = session.rows(_UNPUBLISHED, {})
        return Unpublished(row["events"], None if row["oldest"] is None else from_micros(row["oldest"]))

    def _waiting(self, after: int) -> Sequence[Row]:
        with self._reading() as session:
            return session.rows(_TICKETS_WAITING, {"after": after, "limit": PAGE})

    def _publish_what_goes(
        self, append: Append, tickets: Sequence[TicketKey]
    ) -> tuple[int, LogUnavailableError | None]:
        """All together, or where the log refuses that, by ticket: how many there were, and why others were refused."""
        try:
            return self._publish(append, tickets), None
        except LogAwayError:
            raise
        except LogUnavailableError as error:
            if len(tickets) == 1:
                return 0, error
        parts = [self._publish_what_goes(append, [one]) for one in tickets]
        return sum(done for done, _ in parts), next((error for _, error in parts if error is not None), None)

    def _publish(self, append: Append, tickets: Sequence[TicketKey]) -> int:
        published = 0
        while done := self._transact(lambda session: _publish_page(session, append, tickets)):
            published += done
        return published

    @property
    def _prune_deliveries(self) -> str:
        return _PRUNE

    def _known(self, session: Session, event: str) -> Taken | None:
        rows = session.rows(_FIND, {"event": event})
        return Taken(rows[0]["body"], True, not rows[0]["waits"]) if rows else None

    def _keep(self, session: Session, ticket: TicketKey, event: str, body: bytes, now: datetime) -> bool:
        values = {"event": event, "source": ticket.source, "ticket": ticket.ticket, "now": to_micros(now), "body": body}
        session.run(_KEEP, values)
        return False


def _publish_page(session: Session, append: Append, tickets: Sequence[TicketKey]) -> int:
    session.reserve(map(name_of, tickets))
    values = [{"source": one.source, "ticket": one.ticket, "limit": PAGE // len(tickets)} for one in tickets]
    found = list(zip(tickets, session.rows_of_each(_WAITING, values), strict=True))
    records = [record_of(ticket, row["body"]) for ticket, rows in found for row in rows]
    if records:
        append(records)
        session.run_each(_PUBLISHED, [{"seq": row["seq"]} for _, rows in found for row in rows])
    return len(records)
