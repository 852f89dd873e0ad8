"""Decisions that were kept, as lines: who was told what, what became of it, and where each other person stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from engine.directory.directory import Directory
from schemas.decision import DecidedJob, DecisionRecord, Skip
from schemas.job import PersonRef
from sender.records import Change
from tocsin.authoring.explain.case import called, utc
from tocsin.operations.history.kept import Kept
from tocsin.operations.history.reasons import was

Histories = Callable[[str], Sequence[Change] | None]
"""All changes of a job in the sender's ledger, the oldest first; empty where it has none, None where it is unknown."""


def no_histories(_job: str) -> Sequence[Change]:
    """Where no ledger is at hand."""
    return ()


def told(
    kept: Sequence[Kept], names: Directory, histories: Histories = no_histories, person: PersonRef | None = None
) -> Iterator[str]:
    """The lines about some decisions; of one person alone where one is given. `names` only calls people by name."""
    for number, one in enumerate(kept):
        if number:
            yield ""
        decision = one.decision if person is None else of_person(one.decision, person)
        yield from _decision(decision, names, histories, person)


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
