"""An entry of a decision beside what it was decided by, and the words that come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from msgspec import UNSET, Struct

from engine.decide import Decision
from engine.directory.directory import Directory
from engine.directory.records import Contract, Customer, Person
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.vocabulary import Category, Channel, Reason, Trigger
from tocsin.authoring.explain.changes import EVENT, Action, Change, Step


class Case(Struct, frozen=True):
    """An entry of a decision, beside what it was decided by.

    `is_one_way`: asked is why the entry's trigger and channel do not lead to a message, whatever others of the save do;
    `brought_by` are then the rules that would have to bring it, where that is known. `scope` is what the event was
    decided within, for whoever asks for many entries of one decision.
    """

    skip: Skip
    decision: Decision
    directory: Directory
    rulebook: Rulebook
    is_one_way: bool = False
    brought_by: tuple[str, ...] = ()
    scope: Scope | None = None

    @property
    def contract_id(self) -> str:
        """The ticket's contract."""
        return self.decision.event.ticket.contract or ""

    @property
    def contract(self) -> Contract | None:
        """The record of the ticket's contract."""
        return self.directory.contract(self.contract_id)

    @property
    def category(self) -> Category:
        """The category of an entry that has one."""
        if self.skip.category is None:
            raise ValueError(f"{self.skip.reason} is no reason about a category")
        return self.skip.category

    @property
    def trigger(self) -> Trigger:
        """The trigger with which the person came furthest."""
        # An entry that ended before triggers were tried has none: the most telling one of the save stands in.
        return self.skip.trigger or self.decision.triggers[0]

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The triggers that are asked about."""
        return (self.trigger,) if self.is_one_way else self.decision.triggers

    @property
    def channel(self) -> Channel:
        """The channel on which the person came furthest."""
        return self.skip.channel or Channel.EMAIL

    @property
    def who(self) -> str:
        """The person, as `kind/id`."""
        return str(self.skip.person)

    @property
    def person(self) -> Person | None:
        """The record of the person."""
        who = self.skip.person
        return None if who is None else self.directory.person(who.kind, who.id)

    @property
    def customer(self) -> Customer | None:
        """The record of the contact's customer."""
        person = self.person
        return None if person is None else self.directory.customer(person.customer)

    @property
    def unreadable(self) -> str | None:
        """The record that can't be read and at which the entry stops, as `kind/id`."""
        # UNSET rather than None in the entry, so that the field is left out of its JSON.
        return None if self.skip.record is UNSET else self.skip.record

    @property
    def owner(self) -> str | None:
        """The customer whose ticket it is."""
        return self.decision.event.ticket.customer or (self.contract.client if self.contract is not None else None)


class Words(Struct, frozen=True):
    """Why, as a sentence, and what would open the gate: one of these changes, the likeliest first."""

    why: str
    changes: tuple[Change, ...]

    @property
    def record(self) -> str:
        """The record that would have to change."""
        return self.changes[0].record

    @property
    def field(self) -> str:
        """Its field."""
        return self.changes[0].field

    @property
    def change(self) -> str:
        """What to do there."""
        return self.changes[0].does


def sets(record: str, path: tuple[Step, ...], value: object, does: str) -> Change:
    """A field that would have to have this value."""
    return Change(record, path, Action.SET, value, does)


def adds(record: str, path: tuple[Step, ...], value: object, does: str) -> Change:
    """A value that would have to stand in a list."""
    return Change(record, path, Action.ADD, value, does)


def removes(record: str, path: tuple[Step, ...], does: str) -> Change:
    """A field or record that would have to go."""
    return Change(record, path, Action.REMOVE, None, does)


def event_sets(path: str, value: object, does: str) -> Change:
    """A field of the event, as `data.origin`, that would have had to have this value."""
    return sets(EVENT, tuple(path.split(".")), value, does)


def called(person: PersonRef, directory: Directory) -> str:
    """A person as people read it: with their name, where the directory has it."""
    record = directory.person(person.kind, person.id)
    return f"{record.name} ({person})" if record is not None and record.name else str(person)


def utc(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


Phrasing = Mapping[Reason, Callable[[Case], Words]]
"""How reasons are put into words."""
