"""What the history keeps of a decision and of an event: which people, reasons and rules lead to it, and what counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct, structs

from history.words import plain, words_of
from schemas.decision import DecisionRecord
from schemas.event import Event
from schemas.job import PersonRef
from schemas.vocabulary import Reason

LONGEST_TITLE: Final = 300
"""Letters of a title that are kept."""

LONGEST_NAME: Final = 256
"""Letters of an id, or of a source, at most: an event with a longer one is refused. Indexes can't hold any length."""

DECISION: Final = msgspec.json.Decoder(DecisionRecord)

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

TOLD: Final = 1
"""The bit of an outcome that says: this person is alerted."""

# What is kept has these bits: a new reason goes to the end, whatever its place among the gates.
BIT_ORDER: Final = (
    Reason.NO_TRIGGER,
    Reason.NOTIFY_OFF,
    Reason.ORIGIN,
    Reason.STALE,
    Reason.NO_CONTRACT,
    Reason.UNKNOWN_CONTRACT,
    Reason.NOT_COMMITMENT,
    Reason.ALERTS_DISABLED,
    Reason.NOT_IN_FORCE,
    Reason.CATEGORY_OFF,
    Reason.OBJECT_NOT_ATTACHED,
    Reason.OBJECT_UNKNOWN,
    Reason.NO_RULE,
    Reason.UNKNOWN_PERSON,
    Reason.NO_ACTIVE_MODE,
    Reason.CUSTOMER_TRIGGER_OFF,
    Reason.NOT_MAIN_SITE,
    Reason.OWN_TICK_OFF,
    Reason.NOT_VISIBLE,
    Reason.NOT_OWN,
    Reason.STATUS_INTERNAL,
    Reason.OWN_SAVE,
    Reason.SUPPRESSED,
    Reason.SAME_MAILBOX,
    Reason.UNREADABLE_RECORD,
)
_BITS: Final[Mapping[Reason, int]] = {reason: 1 << place for place, reason in enumerate(BIT_ORDER, 1)}


class Kind(StrEnum):
    """What is counted."""

    DECISIONS = "decisions"
    """Decisions, by hour."""
    ALERTING = "alerting"
    """Those that alert somebody, by hour."""
    ALERTS = "alerts"
    """Their jobs, by hour."""
    REASON = "reason"
    """Decisions in which a reason stands, by hour."""
    RULE = "rule"
    """Decisions in which a rule led to an alert, by day."""


class Count(Struct, frozen=True):
    """What is counted together. `begin` is the hour or day, in UTC."""

    kind: Kind
    begin: datetime
    name: str = ""


class Entry(Struct, frozen=True):
    """A decision, with its place in the log and the bytes that it came as."""

    at: datetime
    partition: int
    offset: int
    decision: DecisionRecord
    body: bytes


class Sighting(Struct, frozen=True):
    """What an event says of its ticket, or a decision, which does not have the title."""

    source: str
    ticket: str
    reference: str | None
    title: str | None
    seen: datetime
    is_of_event: bool

    @property
    def words(self) -> list[str]:
        """The words that lead to the ticket."""
        return words_of(self.ticket, self.reference, self.title)

    @property
    def names(self) -> tuple[str, str | None]:
        """Id and reference, as they are looked for."""
        return name_key(self.ticket), None if self.reference is None else name_key(self.reference)


def name_key(name: str) -> str:
    """An id or reference as it is looked for: of a very long one, the beginning."""
    return plain(name)[:LONGEST_NAME]


def names_in(decision: DecisionRecord) -> Iterator[str]:
    """All ids of a decision by which it is found."""
    yield from (decision.source, decision.ticket, decision.contract or "", decision.customer or "")
    yield from (person.id for person in people_in(decision))
    yield from (rule for job in decision.jobs for rule in job.rules)


def sighting_in(event: Event, seen: datetime) -> Sighting:
    """The ticket, as an event has it."""
    ticket = event.ticket
    title = None if ticket.title is None else ticket.title[:LONGEST_TITLE]
    return Sighting(event.source, ticket.id, _cut(ticket.reference), title, seen, is_of_event=True)


def sighting_of(entry: Entry) -> Sighting:
    """The ticket, as a decision has it: without its title."""
    decision = entry.decision
    return Sighting(decision.source, decision.ticket, _cut(decision.reference), None, entry.at, is_of_event=False)


def _cut(reference: str | None) -> str | None:
    return None if reference is None else reference[:LONGEST_TITLE]


def joined(before: Sighting, now: Sighting) -> Sighting:
    """What is known of a ticket with both. An older event changes nothing, a decision only what was missing."""
    if now.is_of_event:
        return now if now.seen >= before.seen or not before.is_of_event else before
    if before.is_of_event or before.reference is not None or now.reference is None:
        return before
    return structs.replace(before, reference=now.reference)


def outcome_of(reasons: Collection[Reason]) -> int:
    """Reasons as one number, whose bits are theirs."""
    return sum(_BITS[reason] for reason in reasons)


def people_in(decision: DecisionRecord) -> dict[PersonRef, int]:
    """Everybody whom a decision names, with what it says of them as an outcome."""
    found: dict[PersonRef, int] = {job.person: TOLD for job in decision.jobs}
    for skip in decision.skipped:
        if skip.person is not None:
            found[skip.person] = found.get(skip.person, 0) | _BITS[skip.reason]
    return found


def reasons_in(decision: DecisionRecord) -> set[Reason]:
    """Every reason that stands in a decision."""
    return {skip.reason for skip in decision.skipped}


def counts_in(entry: Entry) -> Counter[Count]:
    """What a decision adds to the counts."""
    decision = entry.decision
    hour = entry.at.replace(minute=0, second=0, microsecond=0)
    found = Counter({Count(Kind.DECISIONS, hour): 1})
    if decision.jobs:
        found[Count(Kind.ALERTING, hour)] = 1
        found[Count(Kind.ALERTS, hour)] = len(decision.jobs)
    for reason in reasons_in(decision):
        found[Count(Kind.REASON, hour, reason.value)] = 1
    for rule in {rule for job in decision.jobs for rule in job.rules}:
        found[Count(Kind.RULE, hour.replace(hour=0), rule)] = 1
    return found
