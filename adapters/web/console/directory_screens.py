"""The screens on which the directory is looked up: people; and customers, contracts, sites, products and services."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from adapters.web.console.answers import NOT_FOUND, Answer, Document, Page, Refused
from adapters.web.console.desk_screens import MOST_ROWS, harmless, ticket_path
from adapters.web.console.routing import BASE, Screen
from adapters.web.console.visit import Visit
from console.people.roles import Permission
from console.screens.lookup import Gate, Lookup, NotReadError
from console.screens.person import Decided, decisions_about, person_of, records_found
from console.screens.record import contract_of, object_of
from console.words.sentences import why
from history.ports import History
from schemas.job import PersonRef
from schemas.vocabulary import Audience, Channel, ObjectKind, PersonKind, Reason, Trigger

_PLACE: Final = re.compile(r"[0-9]{1,18}")
_LONGEST: Final = 300
_LISTS: Final = {"triggers": [*Trigger], "channels": [*Channel]}


def directory_screens(lookup: Lookup, history: History) -> Sequence[Screen]:
    """The screens of this file."""
    looking = _Looking(lookup, history)
    return [
        Screen(path, Permission.SEE_TICKETS, _once_read(answer))
        for path, answer in (
            ("/directory", looking.found),
            ("/person", looking.person),
            ("/person.csv", looking.as_csv),
            ("/record", looking.record),
        )
    ]


class _Looking:
    def __init__(self, lookup: Lookup, history: History) -> None:
        self._lookup = lookup
        self._history = history

    def found(self, visit: Visit) -> Answer:
        asked = visit.asked("q").strip()[:_LONGEST]
        found = records_found(self._lookup, asked, visit.viewer) if asked else ()
        return Page("directory.html", {"asked": asked, "found": found, **_common(visit)})

    def person(self, visit: Visit) -> Answer:
        kind, before = visit.asked("kind"), visit.asked("before")
        if kind not in tuple(PersonKind) or (before and not _PLACE.fullmatch(before)):
            return NOT_FOUND
        ref = PersonRef(PersonKind(kind), visit.asked("id"))
        place = int(before) if before else None
        page = person_of(self._lookup, self._history, ref, visit.viewer, visit.now, place)
        return NOT_FOUND if page is None else Page("person.html", {"page": page, **_common(visit)})

    def as_csv(self, visit: Visit) -> Answer:
        kind = visit.asked("kind")
        if kind not in tuple(PersonKind):
            return NOT_FOUND
        ref = PersonRef(PersonKind(kind), visit.asked("id"))
        found = decisions_about(self._lookup, self._history, ref, visit.viewer, MOST_ROWS)
        if found is None:
            return NOT_FOUND
        headers = {"Content-Disposition": 'attachment; filename="decisions.csv"'}
        return Document(_csv(found, visit).encode("utf-8-sig"), "text/csv; charset=utf-8", headers)

    def record(self, visit: Visit) -> Answer:
        kind, name = visit.asked("kind"), visit.asked("id")
        if kind not in tuple(ObjectKind):
            return NOT_FOUND
        if kind == ObjectKind.CONTRACT:
            contract = contract_of(self._lookup, name, visit.viewer, visit.now)
            given = {"page": contract, "kinds": [*ObjectKind], "audiences": [*Audience], **_common(visit)}
            return NOT_FOUND if contract is None else Page("contract.html", given)
        found = object_of(self._lookup, ObjectKind(kind), name, visit.viewer)
        return NOT_FOUND if found is None else Page("object.html", {"page": found, **_common(visit)})


def record_path(kind: str, name: str) -> str:
    """Where the page of a record is. An id may hold anything, slashes too."""
    page = "person" if kind in tuple(PersonKind) else "record"
    return f"{BASE}/{page}?{urlencode({'kind': kind, 'id': name})}"


def _common(visit: Visit) -> dict[str, Any]:
    def said(gate: Gate) -> str:
        return gate_sentence(visit, gate)

    def mended(gate: Gate) -> str:
        return gate_change(visit, gate)

    return {
        "record_path": record_path,
        "ticket_path": ticket_path,
        "why": why,
        "said": said,
        "mended": mended,
        **_LISTS,
    }


def gate_sentence(visit: Visit, gate: Gate) -> str:
    """Why somebody stops: the sentence of the command line, where nobody else can be named by it, or general words."""
    is_whole = visit.viewer.sees_people and visit.viewer.customers is None
    return gate.why if is_whole and visit.words.language == "en" else why(visit.words, gate.skip)


def gate_change(visit: Visit, gate: Gate) -> str:
    """What opens the gate; empty where that would name somebody whom the reader may not see."""
    viewer = visit.viewer
    if not viewer.sees_people or (gate.skip.reason is Reason.SAME_MAILBOX and viewer.customers is not None):
        return ""
    if visit.words.language == "en":
        return f"{gate.record}, field {gate.field}: {gate.change}"
    return visit.words("gate.change", record=gate.record, field=gate.field, change=gate.change)


def _csv(decisions: Iterable[Decided], visit: Visit) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("at", "source", "ticket", "reference", "customer", "told", "not_told"))
    for one in decisions:
        decision = one.kept.decision
        reasons = (" ".join((skip.reason, *categories)) for skip, categories in one.not_told)
        cells = (decision.source, decision.ticket, decision.reference, decision.customer)
        said = (*cells, " ".join(one.told), "; ".join(reasons))
        writer.writerow((visit.times.machine(one.kept.at), *(harmless(text or "") for text in said)))
    return file.getvalue()


def _once_read(answer: Callable[[Visit], Answer]) -> Callable[[Visit], Answer]:
    def answered(visit: Visit) -> Answer:
        try:
            return answer(visit)
        except NotReadError:
            return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "error.503", headers={"Retry-After": "5"})

    return answered
