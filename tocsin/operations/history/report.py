"""Decisions that were kept, as lines and as data: who was told what, what became of it, and why others were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET

from engine.directory.directory import Directory
from schemas.decision import DecidedJob, DecisionRecord, Skip
from schemas.explanation import JobChange, PastDecision, PastExplanation
from schemas.job import PersonRef
from schemas.reason_words import was
from sender.records import Change
from tocsin.authoring.explain.case import called, utc
from tocsin.authoring.explain.summary import Summary
from tocsin.operations.history.kept import Fates, Histories, Kept, no_histories


def told(
    kept: Sequence[Kept], names: Directory, histories: Histories = no_histories, person: PersonRef | None = None
) -> Iterator[str]:
    """The lines about some decisions; of one person alone where one is given. `names` only calls people by name."""
    for number, one in enumerate(kept):
        if number:
            yield ""
        decision = one.decision if person is None else of_person(one.decision, person)
        yield from _decision(decision, names, histories, person)


def summed_up(kept: Sequence[Kept], names: Directory, histories: Histories = no_histories) -> Iterator[str]:
    """The decisions in a few lines: who was told and what became of it, who was not, and the main reasons by count."""
    decisions = [one.decision for one in kept]
    yield from _subject(decisions)
    yield ""
    summary = Summary(lambda person: called(person, names))
    for decision in decisions:
        for job in decision.jobs:
            summary.tell(job.person, f"{job.trigger} by {job.channel}{_fate(histories(job.id))}")
        for skip in decision.skipped:
            summary.stop(skip, was(skip))
    yield from summary.lines("Alerted", "Not alerted")


def _subject(decisions: Sequence[DecisionRecord]) -> Iterator[str]:
    """What the decisions are about: a ticket, as a rule; an event's id may be one of several platforms."""
    tickets = [*dict.fromkeys(one.ticket for one in decisions)]
    contracts = [*dict.fromkeys(one.contract or "none" for one in decisions)]
    name = "Ticket" if len(tickets) == 1 else "Tickets"
    first, last = decisions[0], decisions[-1]
    if len(decisions) == 1:
        raised = ", ".join(first.triggers) or "nothing that alerts"
        yield f"{name} {', '.join(tickets)}: event {first.event} of {utc(first.now)} meant {raised}."
    else:
        alerting = sum(bool(one.jobs) for one in decisions)
        span = f"from {utc(first.now)} to {utc(last.now)}"
        yield f"{name} {', '.join(tickets)}: {len(decisions)} saves {span}, of which {alerting} alerted somebody."
    yield f"Contract: {', '.join(contracts)}."


def _fate(history: Sequence[Change] | None) -> str:
    return f" ({history[-1].state})" if history else ""


def of_person(decision: DecisionRecord, person: PersonRef) -> DecisionRecord:
    """What the decision says of one person, and of the event as a whole."""
    jobs = [job for job in decision.jobs if job.person == person]
    skipped = [skip for skip in decision.skipped if skip.person in (None, person)]
    return msgspec.structs.replace(decision, jobs=jobs, skipped=skipped)


def _decision(
    decision: DecisionRecord, names: Directory, histories: Histories, person: PersonRef | None
) -> Iterator[str]:
    raised = ", ".join(decision.triggers) or "nothing that alerts"
    yield f"Event {decision.event} from {decision.source}, ticket {decision.ticket}, decided as at {utc(decision.now)}"
    yield f"The save meant: {raised}. Contract: {decision.contract or 'none'}. Rules: {decision.rulebook}."
    if decision.jobs:
        yield "Alerted:"
        for job in decision.jobs:
            yield from _job(job, names, histories(job.id))
    if decision.skipped:
        yield "Not alerted:"
        yield from (_skip(skip, names) for skip in decision.skipped)
    if not decision.jobs and not decision.skipped:
        yield "Nobody was attached." if person is None else _unsaid(called(person, names))


def _unsaid(who: str) -> str:
    return f"Nothing is said of {who}: not attached, or another person with the same mailbox got the message."


def _job(job: DecidedJob, names: Directory, history: Sequence[Change] | None) -> Iterator[str]:
    yield f"  {called(job.person, names)} by {job.channel}: {job.trigger}"
    yield f"      through {', '.join(job.categories)}; rules {', '.join(job.rules)}"
    if history is None:
        yield "      what became of it is unknown: the ledger can't be asked"
    for change in history or ():
        said = " ".join(str(part) for part in (change.code, change.text) if part is not None)
        yield f"      {utc(change.at)}: {change.transition}, {change.state}{f' ({said})' if said else ''}"


def _skip(skip: Skip, names: Directory) -> str:
    who = "" if skip.person is None else called(skip.person, names) + " "
    subject = f"{who}{'' if skip.category is None else f'through {skip.category}'}".strip()
    return f"  {subject}{': ' if subject else ''}{was(skip)} [{skip.reason}]"


def view(asked: str, since: datetime, kept: Sequence[Kept], fates: Fates, person: PersonRef | None) -> PastExplanation:
    """The decisions as they are printed for programs; of one person alone where one is given."""
    decisions = [_past(one, fates, person) for one in kept]
    return PastExplanation(asked, since, decisions, UNSET if fates.unknown is None else fates.unknown)


def _past(kept: Kept, histories: Histories, person: PersonRef | None) -> PastDecision:
    decision = kept.decision if person is None else of_person(kept.decision, person)
    found = {job.id: [*_changes(job.id, histories)] for job in decision.jobs}
    return PastDecision(kept.at, decision, {job: changes for job, changes in found.items() if changes})


def _changes(job: str, histories: Histories) -> Iterator[JobChange]:
    for one in histories(job) or ():
        yield JobChange(one.at, one.transition.value, one.state.value, one.attempt, one.code, one.text)
