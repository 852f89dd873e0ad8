"""States and deliveries, whatever the database: an adapter adds how an event gets into the log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

import msgspec

from adapters.sql_intake.kept_posts import (
    change_deliveries,
    change_states,
    deliveries_page,
    kept_deliveries,
    kept_states,
    states_page,
)
from adapters.sql_intake.statements import PRUNE_STATES, PUT_STATE, STATE
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.session import Session
from adapters.sql_ledger.storage import OnStorage
from intake.ports import Judge, KeptPost, LogAwayError, LogUnavailableError, Retention, Taken
from intake.states.judgement import TicketKey
from intake.states.ticket_state import TicketState
from schemas.log import NewRecord
from schemas.topics import TICKETS
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError

T = TypeVar("T")

SEEDED_AT_ONCE: Final = 500

_STATE: Final = msgspec.json.Decoder(TicketState)


class SqlTicketStates(OnStorage, ABC):
    """See intake.ports.TicketStates."""

    def find(self, event: str) -> Taken | None:
        """See intake.ports.TicketStates."""
        with self._reading() as session:
            return self._known(session, event)

    def take(self, ticket: TicketKey, event: str, judge: Judge, now: datetime) -> Taken:
        """See intake.ports.TicketStates."""

        def work(session: Session) -> Taken:
            # Both: two deliveries of one ticket are judged one after the other, and one delivery only once.
            session.reserve([name_of(ticket), f"delivery {event}"])
            known = self._known(session, event)
            if known is not None:
                return known
            before = _read_state(session, ticket)
            judged = judge(before)
            if judged.state != before:
                _put_state(session, ticket, judged.state, now)
            return Taken(judged.event, False, self._keep(session, ticket, event, judged.event, now))

        return self._transact(work)

    def state(self, ticket: TicketKey) -> TicketState | None:
        """See intake.ports.TicketStates."""
        with self._reading() as session:
            return _read_state(session, ticket)

    def seed(self, states: Iterable[tuple[TicketKey, TicketState]], now: datetime) -> int:
        """See intake.ports.TicketStates."""
        kept, rest = 0, iter(states)
        while some := list(islice(rest, SEEDED_AT_ONCE)):
            kept += self._transact(lambda session, some=some: _seed(session, some, now))  # type: ignore[misc]
        return kept

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """See intake.ports.TicketStates."""
        deliveries = {"before": to_micros(now - retention.deliveries), "limit": limit}
        states = {"before": to_micros(now - retention.states), "limit": limit}

        def work(session: Session) -> int:
            return len(session.rows(self._prune_deliveries, deliveries)) + len(session.rows(PRUNE_STATES, states))

        return self._transact(work)

    def kept(self) -> Iterator[KeptPost]:
        """See intake.ports.KeptPosts."""
        yield from kept_states(lambda after: self._read(lambda session: states_page(session, after)))
        yield from kept_deliveries(lambda after: self._read(lambda session: deliveries_page(session, after)))

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """See intake.ports.KeptPosts."""
        changed, ticket, event = 0, TicketKey("", ""), ""
        while states := self._read(lambda session: states_page(session, ticket)):  # noqa: B023 - read at once
            changed += self._change_states([one for one, _ in states], change)
            ticket = states[-1][0]
        while events := self._read(lambda session: deliveries_page(session, event)):  # noqa: B023 - read at once
            changed += self._transact(lambda session: change_deliveries(session, events, change))
            event = events[-1][0]
        return changed

    def _change_states(self, tickets: list[TicketKey], change: Callable[[bytes], bytes]) -> int:
        def work(session: Session) -> int:
            # A post that is just taken in would keep what it has read before.
            session.reserve(map(name_of, tickets))
            return change_states(session, tickets, change)

        return self._transact(work)

    @property
    @abstractmethod
    def _prune_deliveries(self) -> str:
        """The statement that forgets deliveries whose events are in the log."""

    @abstractmethod
    def _known(self, session: Session, event: str) -> Taken | None:
        """The delivery with this event, if it is known."""

    @abstractmethod
    def _keep(self, session: Session, ticket: TicketKey, event: str, body: bytes, now: datetime) -> bool:
        """Keep delivery and event. Says whether the event is in the log with that."""


def name_of(ticket: TicketKey) -> str:
    """The name by which a ticket is reserved."""
    return f"ticket {len(ticket.source)} {ticket.source} {ticket.ticket}"


def record_of(ticket: TicketKey, event: bytes) -> NewRecord:
    """The record of an event in the log: structured content mode, by its ticket's key."""
    return NewRecord(TICKETS, ticket.ticket.encode(), event, (("content-type", b"application/cloudevents+json"),))


@contextmanager
def as_log_errors() -> Iterator[None]:
    """Turn errors of the storage, which the sender's ledger has in common, into those of the intake."""
    try:
        yield
    except LedgerUnavailableError as error:
        kind = LogAwayError if isinstance(error, LedgerAwayError) else LogUnavailableError
        raise kind(error.code, str(error)) from error


def _read_state(session: Session, ticket: TicketKey) -> TicketState | None:
    rows = session.rows(STATE, {"source": ticket.source, "ticket": ticket.ticket})
    return _STATE.decode(rows[0]["body"]) if rows else None


def _put_state(session: Session, ticket: TicketKey, state: TicketState, now: datetime) -> None:
    values = {"source": ticket.source, "ticket": ticket.ticket, "now": to_micros(now)}
    session.run(PUT_STATE, values | {"body": msgspec.json.encode(state)})


def _seed(session: Session, states: Sequence[tuple[TicketKey, TicketState]], now: datetime) -> int:
    session.reserve([name_of(ticket) for ticket, _ in states])
    kept = 0
    for ticket, state in states:
        known = _read_state(session, ticket)
        if known is None or known.saved < state.saved:
            _put_state(session, ticket, state, now)
            kept += 1
    return kept
