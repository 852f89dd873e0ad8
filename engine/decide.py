"""The one function that decides: `decide(event, directory, rulebook, now)`.

Its stages stand below in the order in which an event passes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import UNSET, Struct

from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from engine.stages.s1_triggers import raised_triggers
from engine.stages.s2_event_gates import candidate, closed_event_gate
from engine.stages.s3_recipients import Found, find_recipients
from engine.stages.s4_rule_matching import Inquiry, Matches, ReferenceMatcher, RuleMatcher, inquire
from engine.stages.s5_person_gates import ask_gates
from engine.stages.s6_merging import merge
from engine.stages.s7_job_writing import write_jobs
from schemas.decision import DecidedJob, DecisionRecord, Skip
from schemas.event import Event
from schemas.job import Job
from schemas.vocabulary import Reason, Trigger


class Decision(Struct, frozen=True):
    """Who is alerted of one event, and why everyone else is not. `now` is the time by which it was judged.

    `customer` is the ticket's; where it names none, the contract's client.
    """

    event: Event
    triggers: tuple[Trigger, ...]
    jobs: list[Job]
    skipped: list[Skip]
    now: datetime
    rulebook: str
    customer: str | None

    @property
    def reason(self) -> Reason | None:
        """Why the event as a whole alerts nobody; None where it may alert."""
        first = self.skipped[0] if self.skipped else None
        # Stage 2 writes such an entry alone; every other entry has a person or a category.
        return first.reason if first is not None and first.person is None and first.category is None else None

    @property
    def unreadable(self) -> list[str]:
        """The records that kept somebody from being alerted since they can't be read: each once, as `kind/id`."""
        # A dict keeps the order in which the records came, a set would not.
        return [*dict.fromkeys(skip.record for skip in self.skipped if skip.record is not UNSET)]

    def record(self) -> DecisionRecord:
        """The decision as it is kept and published: ids only."""
        jobs = [
            DecidedJob(job.id, job.person, job.channel, job.trigger, job.categories, job.rules) for job in self.jobs
        ]
        ticket = self.event.ticket
        return DecisionRecord(
            event=self.event.id,
            source=self.event.source,
            ticket=ticket.id,
            contract=ticket.contract,
            triggers=list(self.triggers),
            jobs=jobs,
            skipped=self.skipped,
            now=self.now,
            rulebook=self.rulebook,
            reference=ticket.reference,
            customer=self.customer,
        )


def decide(
    event: Event, directory: Directory, rulebook: Rulebook, now: datetime, matcher: RuleMatcher | None = None
) -> Decision:
    """Decide about one event, as judged at `now` (in UTC). The same arguments always give the same decision."""
    return decide_all([(event, now)], directory, rulebook, matcher)[0]


def decide_all(
    cases: Sequence[tuple[Event, datetime]],
    directory: Directory,
    rulebook: Rulebook,
    matcher: RuleMatcher | None = None,
) -> list[Decision]:
    """Decide about several events, each as judged at its own time; the rules are asked once for all of them.

    `matcher` evaluates the conditions of this rulebook: in plain Python where it is None.
    """
    matched = match_rules(cases, directory, rulebook, matcher)
    return [conclude(prepared, matches, rulebook) for prepared, matches in matched]


def judge_all(
    cases: Sequence[tuple[Event, datetime]],
    directory: Directory,
    rulebook: Rulebook,
    matcher: RuleMatcher | None = None,
) -> list[Judged]:
    """As `decide_all`, with the rules that matched: for whoever asks what a rule does."""
    matched = match_rules(cases, directory, rulebook, matcher)
    return [Judged(prepared, matches, conclude(prepared, matches, rulebook)) for prepared, matches in matched]


class Prepared(Struct, frozen=True):
    """An event up to the point where the rules are asked. Without a scope, `reason` says why it alerts nobody."""

    event: Event
    now: datetime
    triggers: tuple[Trigger, ...]
    reason: Reason | None
    scope: Scope | None
    found: Found
    inquiry: Inquiry


def prepare(event: Event, now: datetime, directory: Directory, rulebook: Rulebook) -> Prepared:
    """Stages 1 to 3, and the questions of stage 4."""
    triggers = raised_triggers(event)
    asked = candidate(event, now, triggers, directory, rulebook.policy)
    reason = closed_event_gate(asked)
    contract = asked.contract
    if reason is not None or contract is None:
        return Prepared(event, now, triggers, reason, None, Found([], []), Inquiry([], {}))
    # A ticket without a customer counts as the contract client's.
    customer_id = event.ticket.customer or contract.client
    customer = directory.customer(customer_id)
    scope = Scope(event, now, triggers, contract, customer_id, customer, directory, rulebook)
    found = find_recipients(scope)
    return Prepared(event, now, triggers, None, scope, found, inquire(scope, found.recipients))


def match_rules(
    cases: Sequence[tuple[Event, datetime]],
    directory: Directory,
    rulebook: Rulebook,
    matcher: RuleMatcher | None,
) -> Iterator[tuple[Prepared, Matches | None]]:
    """Stages 1 to 4: each event prepared, with the rules that match; None where it alerts nobody as a whole."""
    prepared = [prepare(event, now, directory, rulebook) for event, now in cases]
    questions = [question for one in prepared for question in one.inquiry.questions]
    # One call for all events: the rule engine is another process, and a round trip costs more than a match.
    answers = (matcher or ReferenceMatcher()).match(questions) if questions else []
    taken = 0
    for one in prepared:
        # Answers come in the order of the questions, so each event takes as many as it has asked.
        own = answers[taken : taken + len(one.inquiry.questions)]
        taken += len(own)
        yield one, None if one.scope is None else Matches(one.scope, one.found.recipients, one.inquiry, own)


class Judged(Struct, frozen=True):
    """A decision, the event as it was prepared, and the rules that match; None where it alerts nobody as a whole."""

    prepared: Prepared
    matches: Matches | None
    decision: Decision


def conclude(prepared: Prepared, matches: Matches | None, rulebook: Rulebook) -> Decision:
    """Stages 5 to 7: the decision, once it is known which rules match."""
    scope, found = prepared.scope, prepared.found
    if scope is None or matches is None:
        skipped = [] if prepared.reason is None else [_of_event(prepared.event, prepared.reason)]
        customer = prepared.event.ticket.customer
        return Decision(prepared.event, prepared.triggers, [], skipped, prepared.now, rulebook.digest, customer)
    outcomes = [ask_gates(scope, recipient, matches) for recipient in found.recipients]
    merged = merge(outcomes)
    jobs = write_jobs(scope, merged.messages)
    skipped = found.skipped + merged.skipped
    now, customer = prepared.now, scope.customer_id
    return Decision(prepared.event, prepared.triggers, jobs, skipped, now, rulebook.digest, customer)


def _of_event(event: Event, reason: Reason) -> Skip:
    """The entry of an event that alerts nobody as a whole."""
    # The one record that gates of stage 2 read, and that may be unreadable, is the contract.
    record = f"contract/{event.ticket.contract}" if reason is Reason.UNREADABLE_RECORD else UNSET
    return Skip(None, None, reason, record=record)
