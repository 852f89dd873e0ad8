"""A made-up directory of any size in which every contract has the same shape, and saves of its tickets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

Record = dict[str, Any]

TRIGGERS = ["opened", "resolved", "closed", "status_changed"]
KINDS = ("product", "site", "contract", "service", "customer")
SHAPES = 100
"""Contracts whose numbers are equal modulo this have the same ticks, and reach as many people."""


class Size(Struct, frozen=True):
    """How many contracts, with as many sites, services and customers, and how many people.

    One in ten a collaborator. Contracts alert people of these kinds of objects alone: the fewer, the fewer messages.
    """

    contracts: int
    people: int
    kinds: tuple[str, ...] = KINDS

    @property
    def contacts_each(self) -> int:
        """The contacts of one customer, at least five."""
        return max(5, self.people * 9 // 10 // self.contracts)

    @property
    def collaborators(self) -> int:
        """The collaborators of all contracts together."""
        return max(SHAPES, self.people - self.contracts * self.contacts_each)

    @property
    def products(self) -> int:
        """The products, each of several contracts."""
        return max(SHAPES, self.contracts // 100)


def write_directory(folder: Path, size: Size) -> int:
    """Write one JSONL file for each kind of record. Returns the number of records."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts = range(size.contracts)
    tables: Mapping[str, Iterable[Record]] = {
        "contract": (contract(size, number) for number in contracts),
        "customer": (customer(size, number) for number in contracts),
        "site": (_place(size, "site", number, "S", (3, 4), 3) for number in contracts),
        "service": (_place(size, "service", number, "V", (1,), 2) for number in contracts),
        "product": (product(size, number) for number in range(size.products)),
        "contact": (one for number in contracts for one in contacts(size, number)),
        "collaborator": (collaborator(number) for number in range(size.collaborators)),
    }
    return sum(_write(folder / f"{kind}.jsonl", records) for kind, records in tables.items())


def _write(file: Path, records: Iterable[Record]) -> int:
    written = 0
    with file.open("w", encoding="utf-8") as lines:
        for record in records:
            lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            written += 1
    return written


def contract(size: Size, number: int) -> Record:
    """A contract of commitment. Its ticks vary with its number, all off for none."""
    bits = number % SHAPES % 31 + 1
    ticks = {kind: {"contacts": bool(bits >> at & 1), "collaborators": True} for at, kind in enumerate(size.kinds)}
    return {
        "kind": "contract",
        "id": f"C-{number:06d}",
        "reference": f"CT-2026-{number:06d}",
        "type": "commitment",
        "status": "active",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "alerts_enabled": True,
        "recipients": ticks,
        "client": f"cu-{number:06d}",
        "beneficiaries": [f"cu-{(number + 1) % size.contracts:06d}"],
        "products": [f"P-{number % size.products:04d}"],
        "sites": [f"S-{number:06d}"],
        "services": [f"V-{number:06d}"],
        "contacts": [_contact_id(size, number, 0), _contact_id(size, number, 1)],
        "collaborators": [_collaborator_id(size, number)],
        "reply_to": "support@desk.example",
    }


def customer(size: Size, number: int) -> Record:
    """A customer that wants every trigger."""
    alerts = {
        trigger: {"enabled": True, "subject_keyword": f"[{trigger}]", "template": f"external/{trigger}"}
        for trigger in TRIGGERS
    }
    return {
        "kind": "customer",
        "id": f"cu-{number:06d}",
        "name": f"Customer {number}",
        "main_site": f"S-{number:06d}",
        "language": "fr",
        "time_zone": "Europe/Paris",
        "contacts": [_contact_id(size, number, 2)],
        "collaborators": [_collaborator_id(size, number + 7)],
        "alerts": alerts,
    }


def _place(size: Size, kind: str, number: int, letter: str, people: tuple[int, ...], agent: int) -> Record:
    return {
        "kind": kind,
        "id": f"{letter}-{number:06d}",
        "name": f"{kind.capitalize()} {number}",
        "contacts": [_contact_id(size, number, one) for one in people],
        "collaborators": [_collaborator_id(size, number + agent)],
    }


def product(size: Size, number: int) -> Record:
    """A product that several contracts share."""
    agents = [_collaborator_id(size, number + 11)]
    return {"kind": "product", "id": f"P-{number:04d}", "name": f"Product {number}", "collaborators": agents}


def contacts(size: Size, number: int) -> Iterator[Record]:
    """The contacts of one customer, all at its main site; one in four has a fax as well."""
    for place in range(size.contacts_each):
        modes = [{"channel": "email", "address": f"person.{place}@customer-{number}.example", "active": True}]
        if place % 4 == 0:
            modes.append({"channel": "fax", "address": f"+33 1 {number:06d}{place % 100:02d}", "active": True})
        yield {
            "kind": "contact",
            "id": _contact_id(size, number, place),
            "customer": f"cu-{number:06d}",
            "acts_for": [],
            "name": f"Person {place} of {number}",
            "language": ("fr", "en", None)[place % 3],
            "sites": [f"S-{number:06d}"],
            "modes": modes,
            "alerts": TRIGGERS[: 1 + place % 4],
        }


def collaborator(number: int) -> Record:
    """A collaborator who wants everything."""
    modes = [{"channel": "email", "address": f"agent.{number}@desk.example", "active": True}]
    return {
        "kind": "collaborator",
        "id": f"co-{number:06d}",
        "name": f"Agent {number}",
        "language": "en",
        "modes": modes,
        "alerts": TRIGGERS,
    }


def save(number: int, sequence: int) -> Record:
    """A save of a ticket of this contract that resolves it: an event as it is on the wire."""
    ticket = {
        "id": f"T-{sequence}",
        "reference": f"2026-{sequence}",
        "contract": f"C-{number:06d}",
        "customer": f"cu-{number:06d}",
        "title": "Invoices do not print",
        "external_description": "Since this morning nothing prints.",
        "status": "resolved",
        "resolution_marked": True,
        "closed_for_customer": False,
    }
    previous = {"status": "in_progress", "resolution_marked": False}
    return {
        "specversion": "1.0",
        "id": f"E-{sequence}",
        "source": "/bench",
        "type": "ticket.saved",
        "time": "2026-03-02T09:15:00Z",
        "data": {"ticket": ticket, "previous": previous},
    }


def _contact_id(size: Size, number: int, place: int) -> str:
    return f"ct-{number * size.contacts_each + place:07d}"


def _collaborator_id(size: Size, number: int) -> str:
    return f"co-{number % size.collaborators:06d}"
