"""A decision with every way that it tried: for explanations, which ask what else would have stopped a person."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from engine.decide import Decision, conclude, prepare
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from engine.stages.s4_rule_matching import Matches, ReferenceMatcher, RuleMatcher
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


class Trace(Struct, frozen=True):
    """A decision, and all its ways. `scope` is None where the event as a whole alerts nobody."""

    decision: Decision
    scope: Scope | None
    ways: list[Way]


def trace(
    event: Event, directory: Directory, rulebook: Rulebook, now: datetime, matcher: RuleMatcher | None = None
) -> Trace:
    """Decide about one event as `decide` does, and keep what each way met."""
    prepared = prepare(event, now, directory, rulebook)
    questions = prepared.inquiry.questions
    answers = (matcher or ReferenceMatcher()).match(questions) if questions else []
    ways: list[Way] = []
    if prepared.scope is not None:
        recipients = prepared.found.recipients
        matches = Matches(prepared.scope, recipients, prepared.inquiry, answers)
        for recipient in recipients:
            for one in attempts(prepared.scope, recipient, matches):
                closed = closed_person_gates(one)
                record = unreadable_behind(one) if Reason.UNREADABLE_RECORD in closed else None
                ways.append(Way(recipient.person, recipient.category, one.trigger, one.channel, closed, record))
    return Trace(conclude(prepared, answers, rulebook), prepared.scope, ways)
