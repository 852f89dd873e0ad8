"""An event explained: who gets what and why, and for everyone else the gate and what would have to be different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.decide_in_full import FullDecision, decide_in_full
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from engine.stages.s4_rule_matching import RuleMatcher
from engine.stages.s5_person_gates import active_addresses
from schemas.decision import Skip
from schemas.event import Event
from schemas.job import Job, PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel
from sender.messages.subject import subject_line
from tocsin.authoring.explain.case import Case
from tocsin.authoring.explain.changes import Change
from tocsin.authoring.explain.courses import Target
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.explain.reasons_of_events import likely_contract
from tocsin.authoring.explain.records import DirectoryRecords
from tocsin.authoring.explain.scenario import Neighbours, Rules, Scenario, everybody, wire_of
from tocsin.authoring.explain.smallest import smallest
from tocsin.authoring.precedence import Contest, contests_of

MOST_SEARCHED: Final = 500
"""Entries for which changes are looked for: some milliseconds each. Of more, ask about one person."""


class Reached(Struct, frozen=True):
    """A message, and who else reads its mailbox and would have got one of their own.

    `contests` are what a rule and the customer's record both say of it.
    """

    job: Job
    others: tuple[PersonRef, ...]
    contests: tuple[Contest, ...] = ()

    @property
    def subject(self) -> str:
        """What its reader will see; an SMS and a chat have none."""
        has_one = self.job.channel in (Channel.EMAIL, Channel.FAX)
        return subject_line(self.job, self.job.form.subject_keyword) if has_one else ""


class Stopped(Struct, frozen=True):
    """An entry of the decision: why, and the smallest set of changes that would let this person (or object) through.

    `changes` is None where no set was found, or none was asked for.
    """

    skip: Skip
    why: str
    changes: tuple[Change, ...] | None


class Absent(Struct, frozen=True):
    """The person that was asked about, who is in no entry: how they would get a message."""

    person: PersonRef
    changes: tuple[Change, ...] | None


class Explanation(Struct, frozen=True):
    """A decision and all that is to be said of it.

    `then` are the people who would be told if the event as a whole were let through, where it is stopped.
    """

    full: FullDecision
    directory: Directory
    reached: list[Reached]
    stopped: list[Stopped]
    absent: Absent | None
    then: list[PersonRef]


class Explainer:
    """Explains events by one directory and one rule file. `matcher` answers for the rules as they are."""

    def __init__(self, directory: Directory, rules: Rules, matcher: RuleMatcher | None = None) -> None:
        self._directory = directory
        self._rules = rules
        self._matcher = matcher

    def explain(
        self, event: Event, now: datetime, person: PersonRef | None = None, *, with_changes: bool = True
    ) -> Explanation:
        """Explain one event as judged at `now`; of one person alone where one is given.

        Without changes, those are looked for only where the event as a whole alerts nobody.
        """
        found = decide_in_full(event, self._directory, self._rules.rulebook, now, self._matcher)
        around = _Around(self._directory, self._rules, event, now)
        decision = found.decision
        reached = [
            one
            for one in _reached(found, self._directory, self._rules.rulebook)
            if person is None or person in _readers(one)
        ]
        skipped = [skip for skip in decision.skipped if person is None or skip.person in (None, person)]
        # The first entries only: an event may have thousands, and each search decides some dozen times.
        most = MOST_SEARCHED if with_changes or decision.reason is not None else 0
        stopped = [self._stopped(found, skip, around, at < most) for at, skip in enumerate(skipped)]
        absent = None
        if person is not None and not reached and all(one.skip.person != person for one in stopped):
            absent = Absent(person, smallest(around.scenario([person]), Target(person)))
        then = around.told_after(stopped[0].changes or ()) if decision.reason is not None else []
        return Explanation(found, self._directory, reached, stopped, absent, then)

    def _stopped(self, found: FullDecision, skip: Skip, around: _Around, is_searched: bool) -> Stopped:
        why = in_words(Case(skip, found.decision, self._directory, self._rules.rulebook, scope=found.scope)).why
        target = Target(skip.person, skip.category, skip.record)
        # Only those who matter to this entry are in the scenario, so that deciding takes a millisecond.
        people = [skip.person] if skip.person is not None else []
        return Stopped(skip, why, smallest(around.scenario(people), target) if is_searched else None)


class _Around:
    """Makes the scenarios in which changes to one event are tried."""

    def __init__(self, directory: Directory, rules: Rules, event: Event, now: datetime) -> None:
        self._directory = directory
        # A change may give the ticket a contract, so the scenario needs the records of the one that it would be.
        likely = None if event.ticket.contract else likely_contract(directory, event.ticket)
        records = DirectoryRecords(directory, {})
        unreadable = directory.unreadable()
        self._bare = Scenario(
            wire_of(event), records, unreadable, rules, now, frozenset(), likely.id if likely else None
        )
        self._people = everybody(self._bare)
        self._neighbours = Neighbours(directory, self._people)

    def scenario(self, people: Sequence[PersonRef]) -> Scenario:
        """The scenario of these people and of everyone who shares a mailbox with them."""
        return self._of(frozenset().union(*map(self._neighbours.of, people)))

    def told_after(self, changes: Sequence[Change]) -> list[PersonRef]:
        """Everyone who would be told after these changes."""
        scenario = self._of(self._people)
        for change in changes:
            scenario = scenario.after(change)
        return [*dict.fromkeys(job.person for job in scenario.decide()[0].decision.jobs)]

    def _of(self, people: frozenset[PersonRef]) -> Scenario:
        bare = self._bare
        records = self._neighbours.records(people, bare.now)
        return replace(bare, records=records, people=people)


def _readers(reached: Reached) -> tuple[PersonRef, ...]:
    return (reached.job.person, *reached.others)


def _reached(found: FullDecision, directory: Directory, rulebook: Rulebook) -> Iterator[Reached]:
    """The messages, each with those who would have got the same one at the same mailbox."""
    readers = _open_mailboxes(found, directory)
    for job in found.decision.jobs:
        who = readers.get((job.channel, mailbox(job.address)), ())
        others = tuple(one for one in who if one != job.person and one.kind is job.person.kind)
        yield Reached(job, others, tuple(contests_of(job, directory, rulebook)))


def _open_mailboxes(found: FullDecision, directory: Directory) -> Mapping[tuple[Channel, str], Sequence[PersonRef]]:
    """Who has a way that is open to which mailbox, each once and in the order of the ways."""
    readers: dict[tuple[Channel, str], dict[PersonRef, None]] = {}
    fax_region = None if found.scope is None else found.scope.policy.fax_region
    for way in found.ways:
        person = directory.person(way.person.kind, way.person.id)
        if way.closed or person is None:
            continue
        for address in active_addresses(person, way.channel, fax_region):
            if not directory.is_suppressed(person, way.channel, address, way.trigger, found.decision.now):
                readers.setdefault((way.channel, mailbox(address)), {})[way.person] = None
    return {key: [*people] for key, people in readers.items()}
