"""A directory in memory as records of the wire: all that decisions read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from engine.directory.directory import Directory
from engine.directory.records import Attached, Contract, Customer, Person, Suppression
from schemas.vocabulary import Category, ObjectKind, PersonKind, Trigger
from tocsin.authoring.explain.changes import Fields


class DirectoryRecords(Mapping[str, Fields]):
    """The records of contracts, their objects and people, and the suppressions given, by `kind/id`."""

    def __init__(self, directory: Directory, suppressions: Mapping[str, Suppression]) -> None:
        self._directory = directory
        self._suppressions = suppressions

    def __getitem__(self, key: str) -> Fields:
        kind, _, record_id = key.partition("/")
        found = self._find(kind, record_id)
        if found is None:
            raise KeyError(key)
        return {"kind": kind, "id": record_id, **_WRITERS[kind](found)}

    def __contains__(self, key: object) -> bool:
        kind, _, record_id = str(key).partition("/")
        return self._find(kind, record_id) is not None

    def __iter__(self) -> Iterator[str]:
        """The suppressions: of all other kinds, only what is asked for by name is looked up."""
        return (f"suppression/{one}" for one in self._suppressions)

    def __len__(self) -> int:
        return len(self._suppressions)

    def _find(self, kind: str, record_id: str) -> Any:
        if kind == "contract":
            return self._directory.contract(record_id)
        if kind == "suppression":
            return self._suppressions.get(record_id)
        if kind in tuple(PersonKind):
            return self._directory.person(PersonKind(kind), record_id)
        return self._directory.attached(ObjectKind(kind), record_id)


def _contract(one: Contract) -> dict[str, Any]:
    recipients: dict[str, dict[str, bool]] = {}
    for category in Category:
        audience = recipients.setdefault(category.object_kind.value, {})
        audience[category.audience.value] = bool(one.ticks & category.bit)
    return {
        # In memory only whether it is one is kept, which is all that decisions read.
        "type": "commitment" if one.is_commitment else None,
        "status": "active" if one.is_active else "inactive",
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "alerts_enabled": one.alerts_enabled,
        "recipients": recipients,
        **{name: _plain(getattr(one, name)) for name in _CONTRACT_FIELDS},
    }


_CONTRACT_FIELDS: Final = (
    "reference",
    "client",
    "invoiced_client",
    "beneficiaries",
    "client_reads_beneficiaries",
    "products",
    "sites",
    "services",
    "contacts",
    "collaborators",
    "reply_to",
    "tags",
)


def _attached(one: Attached) -> dict[str, Any]:
    return {"name": one.name, "contacts": [*one.contacts], "collaborators": [*one.collaborators]}


def _customer(one: Customer) -> dict[str, Any]:
    settings = ((trigger.value, one.alert(trigger)) for trigger in Trigger)
    alerts = {name: msgspec.to_builtins(given) for name, given in settings if given is not None}
    head = {"main_site": one.main_site, "language": one.language, "time_zone": one.time_zone}
    lists = {"languages": [*one.languages], "tags": [*one.tags]}
    return {**_attached(one), **head, "alerts": alerts, **lists}


def _person(one: Person) -> dict[str, Any]:
    fields = {
        "name": one.name,
        "language": one.language,
        "time_zone": one.time_zone,
        "modes": [msgspec.to_builtins(mode) for mode in one.modes],
        "alerts": [trigger.value for trigger in Trigger if one.wants(trigger)],
        "groups": [*one.groups],
        "languages": [*one.languages],
    }
    if one.kind is PersonKind.CONTACT:
        fields |= {"customer": one.customer, "acts_for": [*one.acts_for], "sites": [*one.sites]}
    return fields


def _suppression(one: Suppression) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "address": one.mailbox,
        "person": one.person,
        "triggers": None if one.triggers is None else [trigger.value for trigger in one.triggers],
        "until": one.until,
    }


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value


_WRITERS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "contract": _contract,
    "customer": _customer,
    "product": _attached,
    "site": _attached,
    "service": _attached,
    "contact": _person,
    "collaborator": _person,
    "suppression": _suppression,
}
