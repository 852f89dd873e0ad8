"""What an event is decided by, as data that can be changed and decided again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from adapters.rule_files.load import default_base
from adapters.yaml_files.source import Source
from engine.decide_in_full import FullDecision, decide_in_full
from engine.directory.directory import Directory
from engine.directory.records import Person, Suppression
from engine.rulebook.build import Base, build_rulebook
from engine.rulebook.rulebook import Rulebook
from schemas.directory import SuppressionRecord, record_from_data
from schemas.event import Event, read_event
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.rule_file import RuleFile
from schemas.vocabulary import Audience, Category, Channel, ObjectKind, PersonKind, Trigger
from tocsin.authoring.explain.changes import RULE_FILE, Change, Fields, Records, apply
from tocsin.authoring.explain.records import DirectoryRecords

_KINDS: Final = {Audience.CONTACTS: PersonKind.CONTACT, Audience.COLLABORATORS: PersonKind.COLLABORATOR}


class Rules(Struct, frozen=True):
    """A rule file's content, and the rulebook that it came to."""

    content: Fields
    rulebook: Rulebook

    @classmethod
    def of(cls, path: Path | None, rulebook: Rulebook) -> Rules:
        """The rules of a file that came to this rulebook; where there is none, of one that only extends the default."""
        return cls({"extends": "default"} if path is None else Source.of_file(path).content, rulebook)


class Scenario(Struct, frozen=True):
    """An event on the wire, records of the directory, a rule file, and when it is judged.

    `unreadable` are the records that can't be read (see Directory.unreadable).

    Of the people, only `people` are looked at: those to whom a message for one of them could go instead.
    """

    event: Fields
    records: Records
    unreadable: Mapping[str, SuppressionRecord | None]
    rules: Rules
    now: datetime
    people: frozenset[PersonRef]
    likely_contract: str | None = None
    """The contract that the ticket should most likely name, where it names none."""

    def after(self, change: Change) -> Scenario:
        """The scenario with this change. Raises ChangeError, RefusedError and RulebookError where it can't be."""
        applied = apply(change, self.event, self.records, self.rules.content)
        rules = self.rules
        if change.record == RULE_FILE:
            rules = Rules(applied.rules, build_rulebook(_content(applied.rules), "as it would be", _base()))
        unreadable = self.unreadable
        if change.record in unreadable:
            # Whoever changes a record writes it anew, so that it can be read.
            unreadable = {key: held for key, held in unreadable.items() if key != change.record}
        return replace(self, event=applied.event, records=applied.records, unreadable=unreadable, rules=rules)

    def read(self) -> Event:
        """The event."""
        # Read as any event from the wire, so that a change that no platform could send is refused.
        return read_event(msgspec.json.encode(self.event), self.now)

    def decide(self) -> tuple[FullDecision, Directory]:
        """Decide, and the directory that was decided by."""
        event = self.read()
        directory = self._directory(event)
        return decide_in_full(event, directory, self.rules.rulebook, self.now), directory

    def _directory(self, event: Event) -> Directory:
        directory = Directory()
        for key in dict.fromkeys(self.keys(event)):
            record = self.records.get(key)
            if record is not None:
                # Through the same checks as a record from the wire, so that no change makes one that could not be
                # loaded.
                directory.apply(record_from_data(self._narrowed(record)))
            elif key in self.unreadable:
                kind, _, record_id = key.partition("/")
                directory.mark_unreadable(kind, record_id, self.unreadable[key])
        return directory

    def keys(self, event: Event) -> Iterator[str]:
        """All records that the decision reads, as long as only these people count."""
        ticket = event.ticket
        contract: Fields = self.records.get(f"contract/{ticket.contract}") or {}
        yield f"contract/{ticket.contract or self.likely_contract}"
        for kind in ObjectKind:
            if kind is ObjectKind.CONTRACT:
                continue
            named = getattr(ticket, kind.value)
            attached = contract.get(kind.attaching_field) or ()
            yield from (f"{kind}/{one}" for one in [*attached, *([named] if named else [])])
        for one in (contract.get("client"), contract.get("invoiced_client")):
            yield f"customer/{one}"
        for person in self.people:
            record: Fields = self.records.get(str(person)) or {}
            yield f"customer/{record.get('customer')}"
            yield str(person)
        yield from (key for key in (*self.records, *self.unreadable) if key.startswith("suppression/"))

    def _narrowed(self, record: Fields) -> Fields:
        """The record with nobody attached but those who count."""
        kept = {name.value: {one.id for one in self.people if one.kind is kind} for name, kind in _KINDS.items()}
        lists = {name: [one for one in record[name] or () if one in kept[name]] for name in kept if name in record}
        return {**record, **lists}


@lru_cache(maxsize=1)
def _base() -> Base:
    return default_base()


def _content(content: Fields) -> RuleFile:
    return msgspec.convert(content, RuleFile)


def wire_of(event: Event) -> dict[str, Any]:
    """An event as it goes over the wire, with all that decisions read."""
    data: dict[str, Any] = {
        "ticket": msgspec.to_builtins(event.ticket),
        "actor": msgspec.to_builtins(event.actor),
        "origin": event.origin.value,
        "notify": event.notify,
    }
    if event.declared is None:
        data["previous"] = msgspec.to_builtins(event.previous)
    else:
        data["triggers"] = [trigger.value for trigger in Trigger if trigger in event.declared]
    head = {"specversion": "1.0", "id": event.id, "source": event.source, "type": "ticket.saved"}
    return {**head, "time": event.time.isoformat(), "data": data}


def everybody(scenario: Scenario) -> frozenset[PersonRef]:
    """All people who are attached to anything that the event and its contract name."""
    found: set[PersonRef] = set()
    for key in dict.fromkeys(scenario.keys(scenario.read())):
        record: Fields = scenario.records.get(key) or {}
        for audience, kind in _KINDS.items():
            found |= {PersonRef(kind, one) for one in record.get(audience.value) or ()}
    return frozenset(found)


class Neighbours:
    """Who reads which mailbox, of the people whom one event can reach, and what is suppressed for them."""

    def __init__(self, directory: Directory, people: Iterable[PersonRef]) -> None:
        self._directory = directory
        self._readers: dict[tuple[Channel, str], set[PersonRef]] = {}
        for person in people:
            for key in _mailboxes(directory.person(person.kind, person.id)):
                self._readers.setdefault(key, set()).add(person)

    def of(self, person: PersonRef | None) -> frozenset[PersonRef]:
        """The person, and everyone who reads a mailbox of theirs."""
        if person is None:
            return frozenset()
        record = self._directory.person(person.kind, person.id)
        return frozenset({person}.union(*(self._readers.get(key, set()) for key in _mailboxes(record))))

    def records(self, people: Iterable[PersonRef], now: datetime) -> DirectoryRecords:
        """The directory's records, with the suppressions that stand for these people."""
        standing: dict[str, Suppression] = {}
        for who in people:
            # Somebody whom the directory does not know may have a suppression all the same.
            unknown = Person(who.kind, who.id, None, None, None, (), 0)
            person = self._directory.person(who.kind, who.id) or unknown
            standing |= {one.id: one for one in self._standing(person, now)}
        return DirectoryRecords(self._directory, standing)

    def _standing(self, person: Person, now: datetime) -> Iterator[Suppression]:
        # What names the person stands for whatever address they may get.
        addresses = [(channel, "") for channel in Channel] + [(mode.channel, mode.address) for mode in person.modes]
        for channel, address in addresses:
            for trigger in Trigger:
                standing = self._directory.standing(person, channel, address, trigger, now)
                yield from (one for one in standing if one.is_readable)


def _mailboxes(person: Person | None) -> Iterator[tuple[Channel, str]]:
    for mode in person.modes if person is not None else ():
        yield mode.channel, mailbox(mode.address)


def categories_of(kind: PersonKind) -> tuple[Category, ...]:
    """The categories through which people of this kind can be reached."""
    return tuple(category for category in Category if category.audience is kind.audience)
