"""The small directory that a test is decided by: the usual helpdesk, or a folder's, and what the test says differs."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.files.wire_records import wire_records
from engine.directory.directory import Directory
from schemas.directory import record_from_data
from schemas.problem import Path as ValuePath
from schemas.problem import Problem
from schemas.refusal import Refusal, RefusedError
from schemas.rule_test import ATTACHED_TO, RECORD_LISTS, Given
from schemas.suggestion import nearest
from schemas.vocabulary import ObjectKind, Trigger

Fields = dict[str, Any]
Key = tuple[str, str]

MAX_FILES: Final = 1_000
"""Files in a directory. Tests run before rules are put in force: one that names a whole disk must not block it."""

_ON: Final = {"contacts": True, "collaborators": True}
_ALL_TICKS: Final = {kind.value: _ON for kind in ObjectKind}
_ALL_TRIGGERS: Final = [trigger.value for trigger in Trigger]
_ALL_ENABLED: Final = {trigger: {"enabled": True} for trigger in _ALL_TRIGGERS}

USUAL: Final[Mapping[Key, Fields]] = {
    ("contract", "C-7"): {
        "type": "commitment",
        "client": "acme",
        "products": ["P-erp"],
        "sites": ["S-paris"],
        "services": ["V-1"],
        "recipients": _ALL_TICKS,
    },
    ("customer", "acme"): {"name": "ACME", "main_site": "S-paris", "alerts": _ALL_ENABLED},
    ("product", "P-erp"): {"name": "ERP"},
    ("site", "S-paris"): {"name": "Paris", "customer": "acme"},
    ("service", "V-1"): {"name": "Hotline", "contract": "C-7"},
}
"""What a test starts from that names no directory."""


class GivenDirectory(Struct, frozen=True):
    """A test's directory, and the same as plain records."""

    directory: Directory
    records: Mapping[Key, Fields]


class GivenDirectories:
    """Makes the directories of the tests of one folder. What is wrong goes to `problems`, with its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, Mapping[Key, Fields]] = {}

    def build(self, givens: Sequence[tuple[Given, ValuePath]], problems: list[Problem]) -> GivenDirectory:
        """The directory after all these changes, the nearest last."""
        records = self._start(givens, problems)
        attached: dict[Key, ValuePath] = {}
        places: dict[Key, ValuePath] = {}
        for given, path in givens:
            for list_key, kind in RECORD_LISTS.items():
                for record_id, fields in getattr(given, list_key).items():
                    key = (kind, record_id)
                    places[key] = (*path, list_key, record_id)
                    records[key] = merged(records.get(key) or _new(key, records), fields or {})
                    if ATTACHED_TO in (fields or {}):
                        attached[key] = (*places[key], ATTACHED_TO)
        # After all changes: a test may name a customer's main site in a later place than its contacts.
        _link_to_main_sites(records)
        for key, place in attached.items():
            problems += _attach(records, key, place)
        return GivenDirectory(_directory(records, places, problems), records)

    def _start(self, givens: Sequence[tuple[Given, ValuePath]], problems: list[Problem]) -> dict[Key, Fields]:
        named = [(given.directory, path) for given, path in givens if given.directory is not None]
        if not named:
            # Copied, since the changes of one test must not show in the next.
            return copy.deepcopy(dict(USUAL))
        directory, path = named[-1]
        # Read once for all tests of the folder.
        if directory not in self._loaded:
            self._loaded[directory] = self._load(directory, (*path, "directory"), problems)
        return copy.deepcopy(dict(self._loaded[directory]))

    def _load(self, directory: str, place: ValuePath, problems: list[Problem]) -> Mapping[Key, Fields]:
        try:
            if _has_too_many_files(self._folder / directory):
                problems.append(Problem(place, f"the directory has more than {MAX_FILES} files: name a smaller one"))
                return {}
            found = wire_records(self._folder / directory)
        except OSError as error:
            problems.append(Problem(place, f"the directory can't be read: {error.strerror or error}"))
            return {}
        problems += [Problem(place, str(one)) for one in found.problems if not one.code.is_warning]
        plain = (msgspec.to_builtins(record) for record in found.records)
        return {(one.pop("kind"), one.pop("id")): one for one in plain}


def _has_too_many_files(folder: Path) -> bool:
    files = (name for _, _, names in os.walk(folder) for name in names)
    return next(islice(files, MAX_FILES, None), None) is not None


def merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> Fields:
    """The record with these changes: of a mapping, what is not mentioned stays; a list is taken whole."""
    both = {
        name: merged(before[name], value) if isinstance(value, dict) and isinstance(before.get(name), dict) else value
        for name, value in changes.items()
    }
    return {**before, **both}


def only(records: Mapping[Key, Fields], kind: str) -> str | None:
    """The id of the one record of this kind; None where there is none, or more than one."""
    ids = [record_id for one, record_id in records if one == kind]
    return ids[0] if len(ids) == 1 else None


def _new(key: Key, records: Mapping[Key, Fields]) -> Fields:
    """What a record is like that a test adds, where the test does not say otherwise."""
    kind, record_id = key
    customer = "acme" if ("customer", "acme") in records else only(records, "customer")
    match kind:
        case "contract":
            return {"type": "commitment", "client": customer, "recipients": _ALL_TICKS}
        case "customer":
            return {"main_site": f"main-site-of-{record_id}", "alerts": _ALL_ENABLED}
        case "contact":
            return {"customer": customer, "modes": [_mail(record_id, "customer")], "alerts": _ALL_TRIGGERS}
        case "collaborator":
            return {"modes": [_mail(record_id, "desk")], "alerts": _ALL_TRIGGERS}
        case _:
            return {}


def _mail(person: str, house: str) -> Fields:
    # Ids may hold anything; an address must be one that the directory accepts.
    name = re.sub(r"[^A-Za-z0-9]+", "-", person).strip("-") or "someone"
    return {"channel": "email", "address": f"{name}@{house}.example", "active": True}


def _link_to_main_sites(records: Mapping[Key, Fields]) -> None:
    for (kind, _), fields in records.items():
        if kind == "contact" and "sites" not in fields:
            customer = records.get(("customer", str(fields.get("customer"))), {})
            fields["sites"] = [customer["main_site"]] if customer.get("main_site") else []


def _attach(records: Mapping[Key, Fields], person: Key, place: ValuePath) -> Iterator[Problem]:
    wanted = records[person].pop(ATTACHED_TO)
    if not isinstance(wanted, list):
        yield Problem(place, f"`{ATTACHED_TO}` is a list, such as [product, site]")
        return
    for index, text in enumerate(wanted):
        found = _object(records, str(text))
        if isinstance(found, str):
            yield Problem((*place, index), found)
            continue
        audience = "contacts" if person[0] == "contact" else "collaborators"
        found[audience] = [*(found.get(audience) or []), person[1]]


def _object(records: Mapping[Key, Fields], text: str) -> Fields | str:
    """The record that is meant, or what is wrong."""
    kind, slash, record_id = text.partition("/")
    kinds = {one.value for one in ObjectKind}
    if kind not in kinds:
        return f"`{text}` is none of {', '.join(sorted(kinds))}, nor one of these with `/ID`{nearest(kind, kinds)}"
    if not slash:
        alone = only(records, kind)
        if alone is None:
            return f"there is not exactly one {kind} here: write `{kind}/ID`"
        record_id = alone
    ids = {one for of, one in records if of == kind}
    found = records.get((kind, record_id))
    return f"there is no {kind} `{record_id}` here{nearest(record_id, ids)}" if found is None else found


def _directory(records: Mapping[Key, Fields], places: Mapping[Key, ValuePath], problems: list[Problem]) -> Directory:
    directory = Directory()
    for key, fields in records.items():
        place = places.get(key, ("given",))
        try:
            refusals = directory.apply(record_from_data({"kind": key[0], "id": key[1], **fields}))
        except RefusedError as error:
            refusals = [*error.refusals]
        problems += [Problem((*place, *steps(one)), f"{key[0]} {key[1]}: {one.shown()}") for one in refusals]
    return directory


def steps(refusal: Refusal) -> ValuePath:
    """The path to the refused field."""
    found = re.findall(r"[^.\[\]$]+", refusal.field)
    return tuple(int(step) if step.isdigit() else step for step in found)
