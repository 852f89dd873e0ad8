"""Decisions that were kept, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import UNSET

from schemas.explanation import JobChange, PastDecision, PastExplanation
from schemas.job import PersonRef
from tocsin.operations.history.fates import Fates
from tocsin.operations.history.kept import Kept
from tocsin.operations.history.telling import Histories, of_person


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
