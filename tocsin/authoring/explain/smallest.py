"""The smallest set of changes that lets somebody through: found by making changes and deciding again.

Each closed gate names the change that opens it nearest to itself (see tocsin.authoring.explain.reasons). Every way to a
person (category, trigger, channel) is a chain of such changes; the shortest chain counts, without what is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from engine.directory.directory import Directory
from engine.rulebook.problems import RulebookError
from engine.tracing import Trace, Way
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.refusal import RefusedError
from schemas.vocabulary import Category, Channel, ObjectKind, Reason, Trigger
from tocsin.authoring.explain.case import Case, adds
from tocsin.authoring.explain.changes import EVENT, RULE_FILE, Change, ChangeError
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.explain.world import ATTACHING, World, categories_of

LONGEST: Final = 14
"""Changes in a chain; more are no advice."""

_CANNOT: Final = (ChangeError, RefusedError, RulebookError)

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

    def is_met(self, trace: Trace) -> bool:
        """Whether this decision lets the target through."""
        decision = trace.decision
        if decision.reason is not None:
            return False
        if self.person is None:
            return self.category is None or not any(map(self.is_of, decision.skipped))
        stopped = {skip.category: skip for skip in decision.skipped if skip.person == self.person}
        reached = {way.category for way in trace.ways if way.person == self.person}
        wanted = reached if self.category is None else reached & {self.category}
        return any(category not in stopped or self._is_told(trace, stopped[category]) for category in wanted)

    def _is_told(self, trace: Trace, skip: Skip) -> bool:
        """Whether they get a message, though another record might bring them one more."""
        if skip.reason is not Reason.UNREADABLE_RECORD or skip.record == self.record or trace.scope is None:
            return False
        who = skip.person
        person = None if who is None else trace.scope.directory.person(who.kind, who.id)
        modes = person.modes if person is not None else ()
        active = {(mode.channel, mailbox(mode.address)) for mode in modes if mode.active}
        return any(
            skip.category in job.categories and (job.channel, mailbox(job.address)) in active
            for job in trace.decision.jobs
        )


class _Course(Struct, frozen=True):
    """A way to the target: what is to be opened on it. Without a person, nothing but the event and the object."""

    category: Category | None = None
    trigger: Trigger | None = None
    channel: Channel | None = None


def smallest(world: World, target: Target) -> Changes | None:
    """The fewest changes after which the target is let through; None where none were found.

    Of several sets of one size: rather records than the rule file, and rather that than what nobody can change.
    """
    best: Changes | None = None
    for opening in _openings(world, ()):
        for found in _beyond(opening, target, best):
            if best is None or _weight(found) < _weight(best):
                best = found
    return None if best is None else _needed(world, best, target)


def _weight(changes: Changes) -> tuple[int, int, int]:
    past = sum(change.record == EVENT for change in changes)
    return len(changes), past, sum(change.record == RULE_FILE for change in changes)


class _Seen(Struct, frozen=True):
    """A world after some changes, and its decision."""

    world: World
    changes: Changes
    trace: Trace
    directory: Directory


def _look(world: World, changes: Changes) -> _Seen:
    trace, directory = world.trace()
    return _Seen(world, changes, trace, directory)


def _openings(world: World, changes: Changes) -> Iterator[_Seen]:
    """Worlds in which the event may alert: one for each meaning that the save might have had."""
    seen = _look(world, changes)
    reason = seen.trace.decision.reason
    if reason is None:
        yield seen
    elif len(changes) < LONGEST:
        for change in _changes(seen, seen.trace.decision.skipped[0]):
            try:
                after = world.after(change)
            except _CANNOT:
                continue
            yield from _openings(after, (*changes, change))


def _changes(seen: _Seen, skip: Skip) -> Changes:
    case = Case(skip, seen.trace.decision, seen.directory, seen.world.rules.rulebook)
    return in_words(case).changes


def _beyond(seen: _Seen, target: Target, best: Changes | None) -> Iterator[Changes]:
    """What lets the target through from here, chain by chain: the most promising first."""
    limit = LONGEST if best is None else len(best)
    for least, start, course in sorted(_courses(seen, target), key=lambda one: one[0]):
        if len(start.changes) + least > limit:
            continue
        found = _chain(start, course, target, limit)
        if found is not None:
            limit = min(limit, len(found))
            yield found


def _courses(seen: _Seen, target: Target) -> Iterator[tuple[int, _Seen, _Course]]:
    """The ways to the target, each with the number of changes that it takes at least."""
    if target.person is None or target.is_met(seen.trace):
        yield 0, seen, _Course(target.category)
        return
    for start, category in _starts(seen, target, target.person):
        for way in start.trace.ways:
            if way.person == target.person and way.category is category:
                yield _least(way), start, _Course(category, way.trigger, way.channel)


def _least(way: Way) -> int:
    """How many changes open at least all that is closed: some open several gates at once."""
    closed = set(way.closed)
    if closed & {Reason.UNKNOWN_PERSON, Reason.UNREADABLE_RECORD}:
        return 1
    if Reason.CUSTOMER_TRIGGER_OFF in closed:
        closed -= {Reason.NOT_MAIN_SITE, Reason.NOT_OWN}
    if Reason.NO_ACTIVE_MODE in closed:
        closed.discard(Reason.SUPPRESSED)
    return max(1, len(closed))


def _starts(seen: _Seen, target: Target, person: PersonRef) -> Iterator[tuple[_Seen, Category]]:
    """Worlds in which the person is reached through a category whose tick is on."""
    reached = {way.category for way in seen.trace.ways if way.person == person}
    off = {skip.category for skip in seen.trace.decision.skipped if skip.person == person} - reached
    if not reached and not off:
        yield from _attached(seen, target, person)
        return
    for category in categories_of(person.kind):
        if target.category not in (None, category):
            continue
        if category in reached:
            yield seen, category
        elif category in off:
            (tick,) = _changes(seen, Skip(person, category, Reason.CATEGORY_OFF))
            yield _look(seen.world.after(tick), (*seen.changes, tick)), category


def _attached(seen: _Seen, target: Target, person: PersonRef) -> Iterator[tuple[_Seen, Category]]:
    """For somebody who is attached to nothing that matters here: worlds in which they are."""
    for category in categories_of(person.kind):
        record = _object(seen, category.object_kind)
        if target.category not in (None, category) or record is None:
            continue
        change = adds(record, (category.audience.value,), person.id, f"add {person.id}")
        after = _look(seen.world.after(change), (*seen.changes, change))
        yield from ((start, one) for start, one in _starts_unless_lost(after, target, person) if one is category)


def _starts_unless_lost(seen: _Seen, target: Target, person: PersonRef) -> Iterator[tuple[_Seen, Category]]:
    involved = [way.person for way in seen.trace.ways] + [skip.person for skip in seen.trace.decision.skipped]
    if person in involved:
        yield from _starts(seen, target, person)


def _object(seen: _Seen, kind: ObjectKind) -> str | None:
    """The record to which somebody would be attached: the one that the ticket names, else the contract's first."""
    scope = seen.trace.scope
    if scope is None:
        return None
    if kind is ObjectKind.CONTRACT:
        return f"contract/{scope.contract.id}"
    attached = getattr(scope.contract, ATTACHING[kind])
    if kind is ObjectKind.CUSTOMER:
        attached = (scope.contract.client, *attached)
    named = getattr(scope.event.ticket, kind.value)
    wanted = named if named in attached else next(iter(attached), None) if named is None else None
    return None if wanted is None or scope.directory.attached(kind, wanted) is None else f"{kind}/{wanted}"


def _chain(seen: _Seen, course: _Course, target: Target, limit: int) -> Changes | None:
    """Open gate after gate on one way, until the target is let through."""
    while not target.is_met(seen.trace):
        skip = _stop(seen, course, target)
        if skip is None or len(seen.changes) >= limit:
            return None
        for change in _changes(seen, skip):
            try:
                seen = _look(seen.world.after(change), (*seen.changes, change))
            except _CANNOT:
                continue
            break
        else:
            return None
    return seen.changes


def _stop(seen: _Seen, course: _Course, target: Target) -> Skip | None:
    """The first gate that is closed on this way."""
    decision = seen.trace.decision
    if decision.reason is not None:
        return decision.skipped[0]
    if target.person is None:
        return next(filter(target.is_of, decision.skipped), None)
    for way in seen.trace.ways:
        if (way.person, way.category, way.trigger, way.channel) == (
            target.person,
            course.category,
            course.trigger,
            course.channel,
        ):
            entry = next(one for one in decision.skipped if (one.person, one.category) == (way.person, way.category))
            if not way.closed and entry.reason is Reason.UNREADABLE_RECORD:
                return entry
            # A way that is open and leads to no message: somebody else gets it.
            reason = way.closed[0] if way.closed else Reason.SAME_MAILBOX
            record = UNSET if way.record is None or reason is not Reason.UNREADABLE_RECORD else way.record
            return Skip(way.person, way.category, reason, way.trigger, way.channel, record)
    return None


def _needed(world: World, changes: Changes, target: Target) -> Changes:
    """The changes without those that make no difference."""
    for change in changes if len(changes) > 1 else ():
        without = tuple(one for one in changes if one is not change)
        if is_enough(world, without, target):
            return _needed(world, without, target)
    return changes


def is_enough(world: World, changes: Sequence[Change], target: Target) -> bool:
    """Whether the target is let through after these changes."""
    try:
        for change in changes:
            world = world.after(change)
    except _CANNOT:
        return False
    return target.is_met(world.trace()[0])
