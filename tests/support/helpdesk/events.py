"""A small helpdesk for tests, in the words of the wire: say what differs, and read who is alerted."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from adapters.rule_files.load import load_rulebook
from engine.decide import Decision, decide
from engine.directory.directory import Directory
from engine.rulebook.build import build_rulebook
from engine.rulebook.rulebook import Rulebook
from schemas.directory import record_from_data
from schemas.event import Event, read_event
from schemas.rule_file import RuleFile
from tests.support.helpdesk.rulebooks import base

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
ALL = ["opened", "resolved", "closed", "status_changed"]
ON = {"contacts": True, "collaborators": True}

CONTRACT = {
    "kind": "contract",
    "id": "C-7",
    "type": "commitment",
    "recipients": {"product": ON, "site": ON, "contract": ON, "service": ON, "customer": ON},
    "client": "acme",
    "products": ["P-erp"],
    "sites": ["S-paris"],
    "services": ["V-1"],
}
CUSTOMER = {
    "kind": "customer",
    "id": "acme",
    "name": "ACME",
    "main_site": "S-paris",
    "alerts": {trigger: {"enabled": True} for trigger in ALL},
}
TICKET = {
    "id": "T-1042",
    "reference": "2026-1042",
    "contract": "C-7",
    "customer": "acme",
    "title": "Invoices do not print",
    "external_description": "Since this morning nothing prints.",
    "status": "in_progress",
    "resolution_marked": False,
    "closed_for_customer": False,
}


@cache
def default_rules() -> Rulebook:
    """The shipped rulebook."""
    return load_rulebook()


def rules(settings: dict[str, Any] | None = None, *own: dict[str, Any]) -> Rulebook:
    """The ten default rules and these of a file's own, with these settings."""
    content = msgspec.convert({"extends": "default", "settings": settings or {}, "rules": list(own)}, RuleFile)
    return build_rulebook(content, "test", base())


class Helpdesk:
    """Contract C-7 of customer acme with every tick on, a product, a site and a service, and nobody attached yet."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.unreadable: set[str] = set()
        """Records whose newest form can't be read, as `kind/id`: for a test to fill and to empty."""
        for record in (CONTRACT, CUSTOMER):
            self.put(copy.deepcopy(record))
        for kind, record_id in (("product", "P-erp"), ("site", "S-paris"), ("service", "V-1")):
            self.put({"kind": kind, "id": record_id, "contacts": [], "collaborators": []})

    def put(self, record: dict[str, Any]) -> None:
        """Add a record, or fields of one that is there."""
        key = (record["kind"], record["id"])
        self.records[key] = {**self.records.get(key, {}), **record}

    def contact(self, person: str, *attached: str, **fields: Any) -> None:
        """A contact of acme at its main site who wants everything by e-mail.

        `attached` names records as `product/P-erp`.
        """
        given = {"customer": "acme", "sites": ["S-paris"], "modes": [email(f"{person}@acme.example")], "alerts": ALL}
        self.put({"kind": "contact", "id": person, **given, **fields})
        self._attach(person, "contacts", attached)

    def collaborator(self, person: str, *attached: str, **fields: Any) -> None:
        """A collaborator who wants everything by e-mail."""
        self.put(
            {"kind": "collaborator", "id": person, "modes": [email(f"{person}@desk.example")], "alerts": ALL, **fields}
        )
        self._attach(person, "collaborators", attached)

    def _attach(self, person: str, audience: str, attached: tuple[str, ...]) -> None:
        for place in attached:
            kind, _, record_id = place.partition("/")
            record = self.records[kind, record_id]
            record[audience] = [*record.get(audience, []), person]

    def directory(self) -> Directory:
        """The directory in memory."""
        directory = Directory()
        for record in self.records.values():
            directory.apply(record_from_data(record))
        for name in self.unreadable:
            kind, _, record_id = name.partition("/")
            directory.mark_unreadable(kind, record_id)
        return directory

    def decide(self, event: Event, rulebook: Rulebook | None = None, now: datetime = NOW) -> Decision:
        """The decision about an event."""
        return decide(event, self.directory(), rulebook or default_rules(), now)


def email(address: str, active: bool = True) -> dict[str, Any]:
    """An e-mail mode."""
    return {"channel": "email", "address": address, "active": active}


def fax(number: str, active: bool = True) -> dict[str, Any]:
    """A fax mode."""
    return {"channel": "fax", "address": number, "active": active}


def envelope(
    ticket: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **attributes: Any
) -> dict[str, Any]:
    """An event on the wire. `ticket` says what differs from the usual ticket; `data` adds to the event's data."""
    return {
        "specversion": "1.0",
        "id": "E-1",
        "source": "/helpdesk",
        "type": "ticket.saved",
        "time": "2026-03-02T09:15:00Z",
        "data": {"ticket": {**TICKET, **(ticket or {})}, **({} if data is None else data)},
        **attributes,
    }


def saved(previous: dict[str, Any] | None, ticket: dict[str, Any] | None = None, **data: Any) -> Event:
    """The save of a ticket that was `previous` before: None for its creation."""
    return event_of(envelope(ticket, {"previous": previous, **data}))


def event_of(wire: dict[str, Any], received: datetime = NOW) -> Event:
    """An event read from the wire."""
    return read_event(msgspec.json.encode(wire), received)


def alerted(decision: Decision) -> set[tuple[str, str, str]]:
    """Who is alerted: person, address and trigger."""
    return {(str(job.person), job.address, job.trigger.value) for job in decision.jobs}


def people(decision: Decision) -> set[str]:
    """Who is alerted, by id."""
    return {job.person.id for job in decision.jobs}


def skipped(decision: Decision) -> set[tuple[str | None, str | None, str]]:
    """Who is not: person, category and reason."""
    return {
        (
            None if skip.person is None else skip.person.id,
            None if skip.category is None else skip.category.value,
            skip.reason.value,
        )
        for skip in decision.skipped
    }


def reason(decision: Decision) -> str | None:
    """Why the event as a whole alerts nobody."""
    assert not decision.reason or not decision.jobs
    return None if decision.reason is None else decision.reason.value
