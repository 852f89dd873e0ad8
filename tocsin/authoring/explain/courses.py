"""Targets, and the courses that lead to them. A course is a way to somebody, on which gates are to be opened."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, Struct, UnsetType

from engine.decide_in_full import FullDecision, Way
from engine.directory.directory import Directory
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import Category, Channel, ObjectKind, Reason, Trigger
from tocsin.authoring.explain.case import Case, adds
from tocsin.authoring.explain.changes import Change
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.explain.scenario import Scenario, categories_of

Changes = tuple[Change, ...]


class Target(Struct, frozen=True):
    """Who is to be let through: a person (through one category, or any), a category's object, or the whole event.

    `record` is what can't be read, where the entry says so: of objects there may be several in one category, and beside
    an entry of a person there may be a message already.
    """

    person: PersonRef | None = None
    category: Category | None = None
    record: str | UnsetType = UNSET

    def is_of(self, skip: Skip) -> bool:
        """Whether this is an entry of the category's object."""
        if (skip.person, skip.category) != (None, self.category):
            return False
        return self.record is UNSET or self.record == skip.record

    def is_met(self, full: FullDecision) -> bool:
        """Whether this decision lets the target through."""
        decision = full.decision
        if decision.reason is not None:
            return False
        if self.person is None:
            return self.category is None or not any(map(self.is_of, decision.skipped))
        stopped = {skip.category: skip for skip in decision.skipped if skip.person == self.person}
        reached = {way.category for way in full.ways if way.person == self.person}
        wanted = reached if self.category is None else reached & {self.category}
        return any(category not in stopped or self._is_told(full, stopped[category]) for category in wanted)

    def _is_told(self, full: FullDecision, skip: Skip) -> bool:
        """Whether they get a message, though another record might bring them one more."""
        if skip.reason is not Reason.UNREADABLE_RECORD or skip.record == self.record or full.scope is None:
            return False
        who = skip.person
        person = None if who is None else full.scope.directory.person(who.kind, who.id)
        modes = person.modes if person is not None else ()
        active = {(mode.channel, mailbox(mode.address)) for mode in modes if mode.active}
        return any(
            skip.category in job.categories and (job.channel, mailbox(job.address)) in active
            for job in full.decision.jobs
        )


class Course(Struct, frozen=True):
    """A way to the target: what is to be opened on it. Without a person, nothing but the event and the object."""

    category: Category | None = None
    trigger: Trigger | None = None
    channel: Channel | None = None


class Seen(Struct, frozen=True):
    """A scenario after some changes, and its decision."""

    scenario: Scenario
    changes: Changes
    full: FullDecision
    directory: Directory


def look(scenario: Scenario, changes: Changes) -> Seen:
    """Decide in a scenario that came about by these changes."""
    full, directory = scenario.decide()
    return Seen(scenario, changes, full, directory)


def changes_of(seen: Seen, skip: Skip) -> Changes:
    """The changes that would open the gate of this entry, the likeliest first."""
    case = Case(skip, seen.full.decision, seen.directory, seen.scenario.rules.rulebook)
    return in_words(case).changes


def courses(seen: Seen, target: Target) -> Iterator[tuple[int, Seen, Course]]:
    """The ways to the target, each with the number of changes that it takes at least."""
    if target.person is None or target.is_met(seen.full):
        yield 0, seen, Course(target.category)
        return
    for start, category in _starts(seen, target, target.person):
        for way in start.full.ways:
            if way.person == target.person and way.category is category:
                yield _least(way), start, Course(category, way.trigger, way.channel)


def _least(way: Way) -> int:
    """A lower bound of the changes that open all closed gates: some changes open several gates at once."""
    closed = set(way.closed)
    if closed & {Reason.UNKNOWN_PERSON, Reason.UNREADABLE_RECORD}:
        return 1
    if Reason.CUSTOMER_TRIGGER_OFF in closed:
        closed -= {Reason.NOT_MAIN_SITE, Reason.NOT_OWN}
    if Reason.NO_ACTIVE_MODE in closed:
        closed.discard(Reason.SUPPRESSED)
    return max(1, len(closed))


def _starts(seen: Seen, target: Target, person: PersonRef) -> Iterator[tuple[Seen, Category]]:
    """Scenarios in which the person is reached through a category whose tick is on."""
    reached = {way.category for way in seen.full.ways if way.person == person}
    off = {skip.category for skip in seen.full.decision.skipped if skip.person == person} - reached
    if not reached and not off:
        yield from _attached(seen, target, person)
        return
    for category in categories_of(person.kind):
        if target.category not in (None, category):
            continue
        if category in reached:
            yield seen, category
        elif category in off:
            # Each category whose tick is off is a course of its own: one more change, but perhaps fewer gates behind
            # it.
            (tick,) = changes_of(seen, Skip(person, category, Reason.CATEGORY_OFF))
            yield look(seen.scenario.after(tick), (*seen.changes, tick)), category


def _attached(seen: Seen, target: Target, person: PersonRef) -> Iterator[tuple[Seen, Category]]:
    """Scenarios in which somebody is attached who is attached to nothing that matters here."""
    for category in categories_of(person.kind):
        record = _object(seen, category.object_kind)
        if target.category not in (None, category) or record is None:
            continue
        change = adds(record, (category.audience.value,), person.id, f"add {person.id}")
        after = look(seen.scenario.after(change), (*seen.changes, change))
        yield from ((start, one) for start, one in _starts_unless_lost(after, target, person) if one is category)


def _starts_unless_lost(seen: Seen, target: Target, person: PersonRef) -> Iterator[tuple[Seen, Category]]:
    involved = [way.person for way in seen.full.ways] + [skip.person for skip in seen.full.decision.skipped]
    if person in involved:
        yield from _starts(seen, target, person)


def _object(seen: Seen, kind: ObjectKind) -> str | None:
    """The record to which somebody would be attached: the one that the ticket names, else the contract's first."""
    scope = seen.full.scope
    if scope is None:
        return None
    if kind is ObjectKind.CONTRACT:
        return f"contract/{scope.contract.id}"
    attached = getattr(scope.contract, kind.attaching_field)
    if kind is ObjectKind.CUSTOMER:
        # The contract client is reached whatever the ticket says, so it comes first.
        attached = (scope.contract.client, *attached)
    named = getattr(scope.event.ticket, kind.value)
    wanted = named if named in attached else next(iter(attached), None) if named is None else None
    return None if wanted is None or scope.directory.attached(kind, wanted) is None else f"{kind}/{wanted}"
