"""Why a record that can't be read keeps somebody from a message, and made-up values for what people would choose."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from schemas.vocabulary import NUMBERS, Channel, PersonKind, Trigger
from tocsin.authoring.explain.case import Case, Words, removes, sets
from tocsin.authoring.explain.changes import Change

_MEND: Final = "mend the record (the engine's log, or `tocsin check --directory`, says what is wrong with it)"


def unreadable_record(case: Case) -> Words:
    """See tocsin.authoring.explain.reasons."""
    record = case.unreadable or ""
    kind, _, record_id = record.partition("/")
    why = f"the directory's record {record} can't be read"
    if kind == "suppression":
        return Words(f"{why}, and may hold this back", (removes(record, (), f"{_MEND}, or lift the suppression"),))
    unknown = "whether they would be told" if kind in tuple(PersonKind) else "whom it would let through"
    return Words(f"{why}, so that nobody knows {unknown}", (_mended(case, record, kind, record_id),))


def _mended(case: Case, record: str, kind: str, record_id: str) -> Change:
    """The record as it might be, so that what comes behind it can be told."""
    fields: dict[str, Any] = {"kind": kind, "id": record_id}
    return sets(record, (), {**fields, **_likely(case, kind)}, _MEND)


def _likely(case: Case, kind: str) -> dict[str, Any]:
    person = case.person
    match kind:
        case "contract":
            return {"type": "commitment", "client": case.decision.event.ticket.customer}
        case "customer":
            site = next(iter(person.sites), None) if person is not None else None
            return {"main_site": site, "alerts": {one.value: {"enabled": True} for one in Trigger}}
        case "contact" | "collaborator":
            return likely_person(case, kind)
        case _:
            return {}


def likely_person(case: Case, kind: str) -> dict[str, Any]:
    """Fields of somebody who would be told: an address, the triggers, and a contact's customer."""
    fields: dict[str, Any] = {"modes": [spare_address(case)], "alerts": [trigger.value for trigger in Trigger]}
    if kind == PersonKind.CONTACT:
        customer = case.directory.customer(case.owner)
        site = customer.main_site if customer is not None else None
        fields |= {"customer": case.owner, "sites": [] if site is None else [site]}
    return fields


def spare_address(case: Case) -> dict[str, Any]:
    """An active mode on the case's channel, at an address that nobody has."""
    digest = hashlib.sha256(case.who.encode()).hexdigest()
    return {"channel": case.channel.value, "address": _address(case, digest), "active": True}


def _address(case: Case, digest: str) -> str:
    name = f"{spare_name(case)}-{digest[:6]}"
    if case.channel in NUMBERS:
        # No number begins with +1 200: that area code is not assigned.
        return f"+1200{int(digest[:12], 16) % 10**7:07}"
    return name if case.channel is Channel.CHAT else f"{name}@address.example"


def spare_name(case: Case) -> str:
    """A name made of the person's id, as rules and addresses allow it."""
    return re.sub(r"[^A-Za-z0-9]+", "-", case.who)[:40].strip("-")
