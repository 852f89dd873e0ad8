"""The screens on which people look things up: overview, tickets, messages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from msgspec import Struct

from adapters.web.console.answers import NOT_FOUND, Answer, Document, Page
from adapters.web.console.routing import BASE, Screen
from adapters.web.console.visit import Visit
from console.people.roles import Permission
from console.screens.letter import Letters, NoLetters
from console.screens.lookup import Lookup, NoLookup
from console.screens.message import MessageReadings, message_of
from console.screens.messages import Filters, Row, WrongFilterError, page_of, rows_of, understood
from console.screens.overview import Standing, overview_of
from console.screens.ticket import find_tickets, ticket_of
from console.words.sentences import why
from history.ports import History
from schemas.vocabulary import Channel
from sender.ledger.jobs import Jobs
from sender.ledger.operator_actions import Act, states_for
from sender.states import Hold, State

MOST_ROWS: Final = 10_000
"""Lines of a CSV file."""

_PLACE: Final = re.compile(r"[0-9]{1,18}")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula (OWASP, CSV injection)."""

_LOOKS: Final[Mapping[State, str]] = {
    State.DELIVERED: "good",
    State.FAILED: "bad",
    State.EXPIRED: "bad",
    State.UNKNOWN: "warn",
    State.HELD: "warn",
    State.QUEUED: "info",
    State.SENDING: "info",
    State.BUNDLED: "info",
}


class Readings(MessageReadings, Protocol):
    """The ledger, for all of these screens."""


class Desk(Struct, frozen=True):
    """What these screens read."""

    ledger: Readings
    history: History
    standing: Standing
    lookup: Lookup = NoLookup()
    letters: Letters = NoLetters()
    acting: Jobs | None = None
    """The ledger for what operators do; None: nothing can be done."""


def desk_screens(desk: Desk) -> Sequence[Screen]:
    """The screens of this file."""
    looking = _Looking(desk)
    return [
        Screen("/", Permission.SEE_OVERVIEW, looking.overview),
        Screen("/tickets", Permission.SEE_TICKETS, looking.tickets),
        Screen("/ticket", Permission.SEE_TICKETS, looking.ticket),
        Screen("/messages", Permission.SEE_TICKETS, looking.messages),
        Screen("/messages.csv", Permission.SEE_TICKETS, looking.as_csv),
        Screen("/messages/{job:str}", Permission.SEE_TICKETS, looking.message),
    ]


class _Looking:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def overview(self, visit: Visit) -> Answer:
        desk = self._desk
        found = overview_of(desk.ledger, desk.history, desk.standing, visit.now)
        highest = max([one.alerts for one in found.hours] + [1])
        return Page("overview.html", {"overview": found, "highest": highest, **_common()})

    def tickets(self, visit: Visit) -> Answer:
        asked = visit.asked("q").strip()[:300]
        found = find_tickets(self._desk.history, asked, visit.viewer) if asked else ()
        return Page("tickets.html", {"asked": asked, "found": found, **_common()})

    def ticket(self, visit: Visit) -> Answer:
        place, before = (visit.asked("source"), visit.asked("id")), visit.asked("before")
        if before and not _PLACE.fullmatch(before):
            return NOT_FOUND
        found = ticket_of(self._desk.history, self._desk.ledger, place, visit.viewer, int(before) if before else None)
        if found is None:
            return NOT_FOUND
        return Page("ticket.html", {"ticket": found, "why": why, **_common()})

    def messages(self, visit: Visit) -> Answer:
        filters = Filters.read(visit.query)
        try:
            wanted = understood(filters, self._desk.ledger, visit.viewer, visit.times.zone)
        except WrongFilterError as error:
            return _list_page(filters, None, wrong=error.field)
        before = visit.asked("before")[:100] or None
        return _list_page(filters, page_of(self._desk.ledger, wanted, visit.viewer, before=before), before=before)

    def as_csv(self, visit: Visit) -> Answer:
        try:
            wanted = understood(Filters.read(visit.query), self._desk.ledger, visit.viewer, visit.times.zone)
        except WrongFilterError as error:
            return _list_page(Filters.read(visit.query), None, wrong=error.field)
        rows = rows_of(self._desk.ledger, wanted, visit.viewer, MOST_ROWS)
        headers = {"Content-Disposition": 'attachment; filename="messages.csv"'}
        return Document(_csv(rows, visit).encode("utf-8-sig"), "text/csv; charset=utf-8", headers)

    def message(self, visit: Visit) -> Answer:
        found = message_of(self._desk.ledger, visit.parts["job"], visit.viewer, visit.now)
        if found is None:
            return NOT_FOUND
        acts = [act for act in Act if found.row.state in states_for(act)]
        return Page("message.html", {"message": found, "acts": acts, **_common()})


def _list_page(filters: Filters, page: Any, *, wrong: str | None = None, before: str | None = None) -> Answer:
    given = {
        "filters": filters,
        "page": page,
        "wrong": wrong,
        "before": before,
        "states": [*State],
        "holds": [*Hold],
        "channels": [*Channel],
        "acts": [*Act],
        "query": urlencode(filters.pairs),
        "older": None if page is None or page.next is None else urlencode([*filters.pairs, ("before", page.next)]),
        **_common(),
    }
    return Page("messages.html", given, HTTPStatus.OK if wrong is None else HTTPStatus.UNPROCESSABLE_ENTITY)


def _common() -> dict[str, Any]:
    return {"look": look, "ticket_path": ticket_path}


def look(state: State) -> str:
    """The colour in which a state is shown."""
    return _LOOKS.get(state, "calm")


def ticket_path(source: str, ticket: str) -> str:
    """Where a ticket's page is. A source and an id may hold anything, slashes too."""
    return f"{BASE}/ticket?{urlencode({'source': source, 'id': ticket})}"


def _csv(rows: Iterable[Row], visit: Visit) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    fields = [one for one in Row.__struct_fields__ if visit.viewer.sees_people or one not in _PERSONAL]
    writer.writerow(fields)
    writer.writerows(_cells(row, fields, visit) for row in rows)
    return file.getvalue()


_PERSONAL: Final = ("name", "address", "title", "said")


def _cells(row: Row, fields: Sequence[str], visit: Visit) -> Iterator[str]:
    for field in fields:
        value = getattr(row, field)
        text = visit.times.machine(value) if hasattr(value, "astimezone") else "" if value is None else str(value)
        yield harmless(text)


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text
