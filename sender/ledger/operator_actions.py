"""What operators can do to jobs (resend, cancel, hold, release), and why that may not be possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sender.ledger.jobs import JobListing, Jobs
from sender.privacy.naming import FORGOTTEN
from sender.records import LedgerEntry, Report, Selection
from sender.states import TABLE, Hold, State, Transition

PAGE: Final = 500
"""How many jobs are read, or changed in one transaction, at a time, so that a sender at work never waits for long."""


class Act(StrEnum):
    """An operator's action on a job."""

    RESEND = "resend"
    """Send again what ended without delivery: the same job, under the same Message-ID."""
    CANCEL = "cancel"
    """End what has not gone out."""
    HOLD = "hold"
    """Keep back what waits, or what something else holds."""
    RELEASE = "release"
    """Let go what is held: no mode and no pause holds it again.

    What waits for its digest or for the end of quiet hours goes out at once. What something else holds waits for them
    again; where they are over, it goes out together with others that are late (see sender.storms.scheduled).
    """


_TRANSITIONS: Final = {
    Act.RESEND: Transition.RESENT,
    Act.CANCEL: Transition.CANCELLED,
    Act.HOLD: Transition.HELD,
    Act.RELEASE: Transition.RELEASED,
}
_SENDS: Final = frozenset({Act.RESEND, Act.RELEASE})


class Obstacle(StrEnum):
    """Why an act can't be done to a job."""

    UNKNOWN = "unknown"
    CHANGED = "changed"
    FORGOTTEN = "forgotten"
    SENDING = "sending"
    STATE = "state"
    HELD = "held"
    EXPIRED = "expired"


class Done(Struct, frozen=True):
    """What came of an act on one job: where nothing did, `objection` says why in a sentence, `obstacle` in a word."""

    job: str
    objection: str | None = None
    obstacle: Obstacle | None = None


def states_for(act: Act) -> frozenset[State]:
    """The states of jobs to which it can be done."""
    return TABLE[_TRANSITIONS[act]].sources - {State.SENDING}


def obstacle(entry: LedgerEntry, act: Act, now: datetime) -> Obstacle | None:
    """What keeps this from being done to the job as it stands; None: nothing does."""
    state = entry.standing.state
    if act in _SENDS and entry.job.address == FORGOTTEN:
        return Obstacle.FORGOTTEN
    if state is State.SENDING:
        return Obstacle.SENDING
    if state not in states_for(act):
        return Obstacle.STATE
    if act is Act.HOLD and entry.standing.hold is Hold.PERSON:
        return Obstacle.HELD
    if act in _SENDS and entry.job.expires <= now:
        return Obstacle.EXPIRED
    return None


def objection(entry: LedgerEntry, act: Act, now: datetime) -> str | None:
    """Why this can't be done to the job as it stands; None where it can."""
    found = obstacle(entry, act, now)
    return None if found is None else _in_words(found, entry, act)


def _in_words(found: Obstacle, entry: LedgerEntry, act: Act) -> str:
    match found:
        case Obstacle.FORGOTTEN:
            return "its person was forgotten: nobody knows any more whom it was for"
        case Obstacle.SENDING:
            return "it is being sent at this moment: try again when its answer has come"
        case Obstacle.HELD:
            return "it is held by a person already"
        case Obstacle.EXPIRED:
            return f"its time ended at {entry.job.expires.isoformat()}: an expired job is never sent"
        case _:
            return f"it is {entry.standing.state}: only what is {_listed(states_for(act))} can be {_TRANSITIONS[act]}"


def act_on(ledger: Jobs, jobs: Sequence[str], act: Act, now: datetime, reason: str | None = None) -> Iterator[Done]:
    """Do it to these jobs in their order, and say of each what came of it. `reason` is kept with the change.

    A job that changes at the same moment is left as it is. Raises LedgerUnavailableError.
    """
    for start in range(0, len(jobs), PAGE):
        yield from _act_on_page(ledger, jobs[start : start + PAGE], act, now, reason)


def selected(ledger: JobListing, selection: Selection) -> list[str]:
    """The ids of all jobs that were selected, in the order in which they were accepted."""
    # All ids before anything is done to a job: that may take it out of the selection, and so move the pages.
    ids: list[str] = []
    while page := ledger.list(selection, PAGE, ids[-1] if ids else None):
        ids += [one.entry.job.id for one in page]
    return ids[::-1]


def _act_on_page(ledger: Jobs, jobs: Sequence[str], act: Act, now: datetime, reason: str | None) -> Iterator[Done]:
    entries = {job: ledger.find(job) for job in jobs}
    done = {job: _looked_at(job, entry, act, now) for job, entry in entries.items()}
    reports = {
        job: _report(entry, act, now, reason)
        for job, entry in entries.items()
        if entry is not None and done[job].obstacle is None
    }
    # A report names the attempt that was looked at, so that it changes no job that was claimed meanwhile.
    void = {report.job for report in ledger.record(list(reports.values()), now)} if reports else frozenset()
    for job, one in done.items():
        yield Done(job, "it has just changed: look at it again", Obstacle.CHANGED) if job in void else one


def _looked_at(job: str, entry: LedgerEntry | None, act: Act, now: datetime) -> Done:
    if entry is None:
        return Done(job, "there is no such job", Obstacle.UNKNOWN)
    return Done(job, objection(entry, act, now), obstacle(entry, act, now))


def _report(entry: LedgerEntry, act: Act, now: datetime, reason: str | None) -> Report:
    return Report(
        entry.job.id,
        entry.standing.attempt,
        _TRANSITIONS[act],
        until=now if act in _SENDS else None,
        text=reason,
        hold=Hold.PERSON if act is Act.HOLD else None,
    )


def _listed(states: frozenset[State]) -> str:
    *first, last = (state for state in State if state in states)
    return f"{', '.join(first)} or {last}" if first else last
