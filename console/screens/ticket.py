"""A ticket: its saves in order, for each who was told and who was not, and why. And how a ticket is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from console.screens.messages import Row, row_of
from console.screens.viewer import Viewer
from history.ports import History, KeptDecision, KeptTicket
from schemas.decision import DecidedJob, Skip
from schemas.job import PersonRef
from schemas.reason_words import masked
from schemas.vocabulary import Category, Reason, Trigger
from sender.ledger.jobs import JobListing
from sender.records import Listed, Selection

SAVES: Final = 20
"""Of a page: each may be of some hundred people."""

MOST_FOUND: Final = 20
MOST_LOOKED_AT: Final = 200
"""Tickets that a search looks at for somebody who may see only some."""

SHORTEST: Final = 2


class Found(Struct, frozen=True):
    """A ticket that was found. Its title is null for those who may not see texts."""

    source: str
    id: str
    reference: str | None
    title: str | None
    seen: datetime


class Told(Struct, frozen=True):
    """Somebody who was to be told; `row` is null where the ledger has forgotten the message."""

    decided: DecidedJob
    row: Row | None


class NotTold(Struct, frozen=True):
    """Why somebody was not told, or an object, or the whole save, led to nobody."""

    skip: Skip
    person: PersonRef | None
    name: str | None
    category: Category | None
    reason: Reason


class Save(Struct, frozen=True):
    """One save, and what it led to."""

    at: datetime
    event: str
    contract: str | None
    triggers: Sequence[Trigger]
    rulebook: str
    told: Sequence[Told]
    not_told: Sequence[NotTold]


class Ticket(Struct, frozen=True):
    """A page of a ticket's saves, the newest first; `next` is the place behind which the next page begins."""

    source: str
    id: str
    reference: str | None
    title: str | None
    customer: str | None
    saves: Sequence[Save]
    next: int | None


def find_tickets(history: History, text: str, viewer: Viewer) -> Sequence[Found]:
    """Tickets of this reference or id, else those whose titles have these words; at most MOST_FOUND.

    Words of titles are for those alone who may see texts.
    """
    text = text.strip()
    if len(text) < SHORTEST:
        return ()
    found = _visible(history, history.tickets_named(text, MOST_FOUND), viewer)
    if found or not viewer.sees_people:
        return found
    looked_at, before = 0, None
    while len(found) < MOST_FOUND and looked_at < MOST_LOOKED_AT:
        page = history.tickets_with(text, MOST_FOUND, before)
        found = [*found, *_visible(history, page.items, viewer)]
        looked_at, before = looked_at + max(len(page.items), 1), page.next
        if before is None:
            break
    return found[:MOST_FOUND]


def ticket_of(
    history: History, ledger: JobListing, place: tuple[str, str], viewer: Viewer, before: int | None = None
) -> Ticket | None:
    """A page of the ticket (source, id); None where nothing of it may be seen, or is kept."""
    source, ticket = place
    kept = history.of_ticket(source, ticket, SAVES, before)
    seen = [one for one in kept if viewer.may_see(one.decision.customer)]
    if not seen:
        return None
    reader = _Reader(ledger, viewer)
    saves = [reader.save(one) for one in seen]
    newest = seen[0].decision
    title = reader.title(saves) if viewer.sees_people else None
    after = kept[-1].place if len(kept) == SAVES else None
    return Ticket(source, ticket, newest.reference, title, newest.customer, saves, after)


def _visible(history: History, tickets: Sequence[KeptTicket], viewer: Viewer) -> list[Found]:
    return [
        Found(one.source, one.id, one.reference, one.title if viewer.sees_people else None, one.seen)
        for one in tickets
        if viewer.customers is None or _is_of(history, one, viewer)
    ]


def _is_of(history: History, ticket: KeptTicket, viewer: Viewer) -> bool:
    newest = history.of_ticket(ticket.source, ticket.id, 1)
    return bool(newest) and viewer.may_see(newest[0].decision.customer)


class _Reader:
    """Puts decisions together with what became of their messages."""

    def __init__(self, ledger: JobListing, viewer: Viewer) -> None:
        self._ledger = ledger
        self._viewer = viewer
        self._names: dict[PersonRef, str | None] = {}

    def save(self, kept: KeptDecision) -> Save:
        decision = kept.decision
        return Save(
            kept.at,
            decision.event,
            decision.contract,
            decision.triggers,
            decision.rulebook,
            [Told(one, self._row(one.id)) for one in decision.jobs],
            [self._not_told(one) for one in decision.skipped],
        )

    def title(self, saves: Sequence[Save]) -> str | None:
        """As the newest message has it: decisions do not."""
        rows = (told.row for save in saves for told in save.told)
        return next((row.title for row in rows if row is not None and row.title), None)

    def _row(self, job: str) -> Row | None:
        entry = self._ledger.find(job)
        changes = [] if entry is None else self._ledger.history(job)
        if entry is None or not changes:
            return None
        return row_of(Listed(entry, changes[0].at, changes[-1].at), changes, self._viewer)

    def _not_told(self, skip: Skip) -> NotTold:
        shown = masked(skip, self._viewer.sees_people)
        return NotTold(shown, shown.person, self._name(shown.person), shown.category, shown.reason)

    def _name(self, person: PersonRef | None) -> str | None:
        """As their newest message has it, if they ever had one."""
        if person is None or not self._viewer.sees_people:
            return None
        if person not in self._names:
            found = self._ledger.list(Selection(person=person), 1)
            self._names[person] = found[0].entry.job.context.person_name if found else None
        return self._names[person]
