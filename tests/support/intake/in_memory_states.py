"""States of tickets without a disk. The log is on the other side of `publish`, as it is with Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from intake.ports import Append, Judge, KeptPost, LogAwayError, LogUnavailableError, Retention, Taken, Unpublished
from intake.states.judgement import Judged, TicketKey
from intake.states.ticket_state import TicketState
from schemas.log import NewRecord
from schemas.topics import TICKETS


class Delivery(Struct):
    ticket: TicketKey
    body: bytes
    taken: datetime
    waits: bool = True


class InMemoryTicketStates:
    """Its steps are methods, so that a test can break one of them."""

    def __init__(self) -> None:
        self.deliveries: dict[str, Delivery] = {}
        self.states: dict[TicketKey, tuple[TicketState, datetime]] = {}

    def find(self, event: str) -> Taken | None:
        known = self.deliveries.get(event)
        return None if known is None else Taken(known.body, True, not known.waits)

    def take(self, ticket: TicketKey, event: str, judge: Judge, now: datetime) -> Taken:
        known = self.find(event)
        if known is not None:
            return known
        judged = judge(self.state(ticket))
        self.keep(ticket, event, judged, now)
        return Taken(judged.event, False, False)

    def keep(self, ticket: TicketKey, event: str, judged: Judged, now: datetime) -> None:
        if judged.state != self.state(ticket):
            self.states[ticket] = (judged.state, now)
        self.deliveries[event] = Delivery(ticket, judged.event, now)

    def publish(self, append: Append, ticket: TicketKey | None = None) -> int:
        waiting = [one for one in self.deliveries.values() if one.waits and ticket in (None, one.ticket)]
        refused: LogUnavailableError | None = None
        for page in self.pages(self.in_order(waiting)):
            try:
                append([NewRecord(TICKETS, one.ticket.ticket.encode(), one.body) for one in page])
            except LogAwayError:
                raise
            except LogUnavailableError as error:
                refused = error
                continue
            for one in page:
                one.waits = False
        if refused is not None:
            raise refused
        return len(waiting)

    def pages(self, waiting: list[Delivery]) -> list[list[Delivery]]:
        tickets = dict.fromkeys(one.ticket for one in waiting)
        return [[one for one in waiting if one.ticket == ticket] for ticket in tickets]

    def in_order(self, waiting: list[Delivery]) -> list[Delivery]:
        return waiting

    def unpublished(self) -> Unpublished:
        waiting = [one.taken for one in self.deliveries.values() if one.waits]
        return Unpublished(len(waiting), min(waiting, default=None))

    def state(self, ticket: TicketKey) -> TicketState | None:
        return self.states[ticket][0] if ticket in self.states else None

    def seed(self, states: Iterable[tuple[TicketKey, TicketState]], now: datetime) -> int:
        return sum(self.seed_one(ticket, state, now) for ticket, state in states)

    def seed_one(self, ticket: TicketKey, state: TicketState, now: datetime) -> bool:
        known = self.state(ticket)
        if known is not None and known.saved >= state.saved:
            return False
        self.states[ticket] = (state, now)
        return True

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        old = [event for event, one in self.deliveries.items() if self.is_over(one, now - retention.deliveries)]
        gone = [ticket for ticket, (_, kept) in self.states.items() if kept <= now - retention.states]
        for event in old[:limit]:
            del self.deliveries[event]
        for ticket in gone[:limit]:
            del self.states[ticket]
        return len(old[:limit]) + len(gone[:limit])

    def is_over(self, one: Delivery, before: datetime) -> bool:
        return one.taken <= before and not one.waits

    def close(self) -> None:
        pass

    def kept(self) -> Iterator[KeptPost]:
        for ticket, (state, _) in self.states.items():
            yield KeptPost("ticket_states", f"{ticket.source} {ticket.ticket}", msgspec.json.encode(state))
        for event, one in self.deliveries.items():
            if not one.waits:
                yield KeptPost("deliveries", event, one.body)

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        return self.rewrite_states(change) + self.rewrite_deliveries(change)

    def rewrite_states(self, change: Callable[[bytes], bytes]) -> int:
        before = dict(self.states)
        for ticket, (state, kept) in before.items():
            self.states[ticket] = (msgspec.json.decode(change(msgspec.json.encode(state)), type=TicketState), kept)
        return sum(self.states[ticket] != one for ticket, one in before.items())

    def rewrite_deliveries(self, change: Callable[[bytes], bytes]) -> int:
        changed = 0
        for one in self.deliveries.values():
            after = one.body if one.waits else change(one.body)
            changed += after != one.body
            one.body = after
        return changed
