"""A decision with every way that it tried: for explanations, which ask what else would have stopped a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from engine.decide import Decision, Prepared, conclude, match_rules
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from engine.stages.s4_rule_matching import Matches, RuleMatcher
from engine.stages.s5_person_gates import attempts, closed_person_gates, unreadable_behind
from schemas.event import Event
from schemas.job import PersonRef
from schemas.vocabulary import Category, Channel, Reason, Trigger


class Way(Struct, frozen=True):
    """A person in an enabled category, a trigger and a channel, and all gates that are closed for them, in order."""

    person: PersonRef
    category: Category
    trigger: Trigger
    channel: Channel
    closed: tuple[Reason, ...]
    record: str | None = None
    """The record that can't be read, where one of the gates is closed for that."""


class FullDecision(Struct, frozen=True):
    """A decision, and all its ways. `scope` is None where the event as a whole alerts nobody."""

    decision: Decision
    scope: Scope | None
    ways: list[Way]


def decide_in_full(
    event: Event, directory: Directory, rulebook: Rulebook, now: datetime, matcher: RuleMatcher | None = None
) -> FullDecision:
    """Decide about one event as `decide` does, by the same steps, and keep what each way met."""
    [(prepared, matches)] = match_rules([(event, now)], directory, rulebook, matcher)
    ways = [] if matches is None else [*_ways(prepared, matches)]
    return FullDecision(conclude(prepared, matches, rulebook), prepared.scope, ways)


def _ways(prepared: Prepared, matches: Matches) -> Iterator[Way]:
    if prepared.scope is None:
        return
    for recipient in prepared.found.recipients:
        for one in attempts(prepared.scope, recipient, matches):
            # Unlike `decide`, all gates are asked: whoever mends the first closed one wants to know of the next.
            closed = closed_person_gates(one)
            record = unreadable_behind(one) if Reason.UNREADABLE_RECORD in closed else None
            yield Way(recipient.person, recipient.category, one.trigger, one.channel, closed, record)
