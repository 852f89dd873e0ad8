"""The smallest set of changes that lets somebody through: found by making changes and deciding again.

Each closed gate names the change that opens it nearest to itself (see tocsin.authoring.explain.reasons). Every way to a
person (category, trigger, channel) is a chain of such changes; the shortest chain counts, without what is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import UNSET

from engine.rulebook.problems import RulebookError
from schemas.decision import Skip
from schemas.refusal import RefusedError
from schemas.vocabulary import Reason
from tocsin.authoring.explain.changes import EVENT, RULE_FILE, Change, ChangeError
from tocsin.authoring.explain.courses import Changes, Course, Seen, Target, changes_of, courses, look
from tocsin.authoring.explain.scenario import Scenario

LONGEST: Final = 14
"""Changes in a chain; more are no advice."""

_CANNOT: Final = (ChangeError, RefusedError, RulebookError)


def smallest(scenario: Scenario, target: Target) -> Changes | None:
    """The fewest changes after which the target is let through; None where none were found.

    Of several sets of one size, changes of records are better than those of the rule file, and both are better than
    those of the event, which is past.
    """
    best: Changes | None = None
    for opening in _openings(scenario, ()):
        for found in _beyond(opening, target, best):
            if best is None or _weight(found) < _weight(best):
                best = found
    return None if best is None else _needed(scenario, best, target)


def _weight(changes: Changes) -> tuple[int, int, int]:
    past = sum(change.record == EVENT for change in changes)
    return len(changes), past, sum(change.record == RULE_FILE for change in changes)


def _openings(scenario: Scenario, changes: Changes) -> Iterator[Seen]:
    """Scenarios in which the event may alert: one for each meaning that the save might have had."""
    seen = look(scenario, changes)
    reason = seen.full.decision.reason
    if reason is None:
        yield seen
    elif len(changes) < LONGEST:
        for change in changes_of(seen, seen.full.decision.skipped[0]):
            try:
                after = scenario.after(change)
            except _CANNOT:
                continue
            yield from _openings(after, (*changes, change))


def _beyond(seen: Seen, target: Target, best: Changes | None) -> Iterator[Changes]:
    """What lets the target through from here, chain by chain: the most promising first."""
    limit = LONGEST if best is None else len(best)
    for least, start, course in sorted(courses(seen, target), key=lambda one: one[0]):
        # It can't be shorter than the best one so far.
        if len(start.changes) + least > limit:
            continue
        found = _chain(start, course, target, limit)
        if found is not None:
            limit = min(limit, len(found))
            yield found


def _chain(seen: Seen, course: Course, target: Target, limit: int) -> Changes | None:
    """Open gate after gate on one way, until the target is let through."""
    while not target.is_met(seen.full):
        skip = _stop(seen, course, target)
        if skip is None or len(seen.changes) >= limit:
            return None
        for change in changes_of(seen, skip):
            try:
                # The likeliest change may be impossible here, such as one of a rule that is inherited: then the next is
                # tried.
                seen = look(seen.scenario.after(change), (*seen.changes, change))
            except _CANNOT:
                continue
            break
        else:
            return None
    return seen.changes


def _stop(seen: Seen, course: Course, target: Target) -> Skip | None:
    """The first gate that is closed on this way."""
    decision = seen.full.decision
    if decision.reason is not None:
        return decision.skipped[0]
    if target.person is None:
        return next(filter(target.is_of, decision.skipped), None)
    for way in seen.full.ways:
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


def _needed(scenario: Scenario, changes: Changes, target: Target) -> Changes:
    """The changes without those that make no difference."""
    for change in changes if len(changes) > 1 else ():
        # A change may have opened a gate that a later one opens as well.
        without = tuple(one for one in changes if one is not change)
        if is_enough(scenario, without, target):
            return _needed(scenario, without, target)
    return changes


def is_enough(scenario: Scenario, changes: Sequence[Change], target: Target) -> bool:
    """Whether the target is let through after these changes."""
    try:
        for change in changes:
            scenario = scenario.after(change)
    except _CANNOT:
        return False
    return target.is_met(scenario.decide()[0])
