"""What is kept of posts, page by page: for people who ask what is kept of them, or want to be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from adapters.sql_intake.statements import BLANK_DELIVERY, BLANK_STATE, DELIVERIES_PAGE, STATE, STATES_PAGE
from adapters.sql_ledger.session import Row, Session
from intake.ports import KeptPost
from intake.states.judgement import TicketKey

Change = Callable[[bytes], bytes]

PAGE: Final = 200


def states_page(session: Session, after: TicketKey) -> list[tuple[TicketKey, bytes]]:
    """The next states behind this ticket's."""
    values = {"source": after.source, "ticket": after.ticket, "limit": PAGE}
    return [(TicketKey(row["source"], row["ticket"]), row["body"]) for row in session.rows(STATES_PAGE, values)]


def deliveries_page(session: Session, after: str) -> list[tuple[str, bytes]]:
    """The next deliveries behind this event's whose events are in the log."""
    rows = session.rows(DELIVERIES_PAGE, {"after": after, "limit": PAGE})
    return [(row["event"], row["body"]) for row in rows]


def change_states(session: Session, tickets: list[TicketKey], change: Change) -> int:
    """Change the states of these tickets, which the transaction has reserved. Says how many were changed."""
    keys = [{"source": one.source, "ticket": one.ticket} for one in tickets]
    found = zip(keys, session.rows_of_each(STATE, keys), strict=True)
    return _change(session, BLANK_STATE, [(key, row) for key, rows in found for row in rows], change)


def change_deliveries(session: Session, page: list[tuple[str, bytes]], change: Change) -> int:
    """Change these deliveries' events, which nothing else changes. Says how many were changed."""
    return _change(session, BLANK_DELIVERY, [({"event": event}, {"body": body}) for event, body in page], change)


def _change(session: Session, statement: str, found: list[tuple[dict[str, str], Row]], change: Change) -> int:
    changed = [(key, row["body"], change(row["body"])) for key, row in found]
    values = [key | {"body": after} for key, before, after in changed if after != before]
    session.run_each(statement, values)
    return len(values)


def kept_states(pages: Callable[[TicketKey], list[tuple[TicketKey, bytes]]]) -> Iterator[KeptPost]:
    """All states."""
    after = TicketKey("", "")
    while page := pages(after):
        yield from (KeptPost("ticket_states", f"{ticket.source} {ticket.ticket}", body) for ticket, body in page)
        after = page[-1][0]


def kept_deliveries(pages: Callable[[str], list[tuple[str, bytes]]]) -> Iterator[KeptPost]:
    """All deliveries."""
    after = ""
    while page := pages(after):
        yield from (KeptPost("deliveries", event, body) for event, body in page)
        after = page[-1][0]
