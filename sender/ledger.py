"""The ledger: every job that was accepted, how it stands, and each change since. Adapters keep it on disk.

Later jobs of a lane (one ticket, one mailbox, one channel) wait until the older ones are finished, so that
nobody reads of a ticket's end before its beginning. A job that waits for another try holds back its lane alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from schemas.job import Form, Job
from schemas.mailbox import mailbox
from schemas.vocabulary import Trigger
from sender.states import Standing, State, Transition


class LedgerUnavailableError(RuntimeError):
    """The ledger can't do its work, so the sender must stop: nothing that it held is lost.

    `code` names the class of the fault in snake case; the message says where it is and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Admission(StrEnum):
    """What acceptance made of one job."""

    ACCEPTED = "accepted"
    DIVERTED = "diverted"
    """Another event has its `once` key: it goes under its `otherwise`."""
    DROPPED = "dropped"
    """Another event has its `once` key, and it has no `otherwise`. It is kept in this state, for people to see."""
    DUPLICATE = "duplicate"
    """The ledger knows a job of this id. The one that came first stays as it is."""


BEGINNINGS: Final[Mapping[Admission, Transition]] = {
    Admission.ACCEPTED: Transition.ACCEPTED,
    Admission.DIVERTED: Transition.DIVERTED,
    Admission.DROPPED: Transition.DROPPED,
}
"""How a job begins after each admission but `duplicate`."""


class Entry(Struct, frozen=True):
    """A job in the ledger. It holds addresses and texts: never log one whole."""

    job: Job
    diverted: bool
    standing: Standing

    @property
    def trigger(self) -> Trigger:
        """The trigger under which it goes out."""
        return self.job.otherwise.trigger if self.diverted and self.job.otherwise else self.job.trigger

    @property
    def form(self) -> Form:
        """The form in which it goes out."""
        return self.job.otherwise.form if self.diverted and self.job.otherwise else self.job.form


class Report(Struct, frozen=True):
    """What happened to a job in one attempt; 0 is the time before its first one.

    `until` is the time of the next try where the transition leads to one. `code` and `text` are the relay's
    reply, or our own words where none came; `fault` says what was wrong with the template. They may hold addresses.
    """

    job: str
    attempt: int
    transition: Transition
    until: datetime | None = None
    code: int | None = None
    text: str | None = None
    fault: str | None = None


class Change(Struct, frozen=True):
    """One change of a job, as it is kept. `sequence` counts the changes of a job from 1, without a gap."""

    sequence: int
    at: datetime
    transition: Transition
    state: State
    attempt: int
    code: int | None = None
    text: str | None = None
    fault: str | None = None


class Retention(Struct, frozen=True):
    """How long the ledger remembers.

    `finished` is counted from a job's expiry. It must outlast the age at which events become stale, since until then
    the platform may send one again. `once` is counted from the last event that asked for the key; it should outlast
    tickets.
    """

    finished: timedelta = timedelta(days=7)
    once: timedelta = timedelta(days=3 * 365)


class Ledger(Protocol):
    """Keeps jobs durably.

    What a method has returned from survives a crash, and what it did is done whole or not at all. All times are in UTC.
    Every method raises LedgerUnavailableError where the storage fails.
    """

    def accept(self, jobs: Sequence[Job], now: datetime) -> list[Admission]:
        """Take in jobs, in their order and in one transaction; says for each what became of it.

        The first event (source and id) that brings a `once` key claims it, for all its jobs.
        """
        ...

    def claim(self, now: datetime, limit: int, lease: timedelta) -> list[Entry]:
        """Take at most `limit` jobs that are due, the longest due first, each the oldest open one of its lane.

        Nobody else gets them until `now + lease`. Their standing is that after the claim.
        """
        ...

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        """At most `limit` jobs in `sending` whose lease has ended. They need a report: this changes nothing."""
        ...

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        """At most `limit` open jobs, not in `sending`, that have expired. They need a report: this changes nothing."""
        ...

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        """Apply reports in their order, in one transaction, and give back those that changed nothing.

        That is where the job is not known, has been claimed again since, or its state has no such way out.
        """
        ...

    def find(self, job: str) -> Entry | None:
        """The job of this id."""
        ...

    def history(self, job: str) -> list[Change]:
        """All changes of a job, the oldest first; empty where it is not known."""
        ...

    def counts(self) -> dict[State, int]:
        """The number of jobs in every state, zeros included."""
        ...

    def next_due(self) -> datetime | None:
        """When there is something to do next: a try, a lease's end or an expiry. None where all jobs are finished."""
        ...

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """Forget at most `limit` finished jobs and `limit` once keys whose time is over; says how many in all."""
        ...


def lane_of(job: Job) -> str:
    """The lane of a job: 128 bits of a hash of source, ticket, channel and mailbox."""
    parts = (job.source, job.ticket, job.channel.value, mailbox(job.address))
    # Lengths keep ("a", "bc") apart from ("ab", "c").
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def admission_of(job: Job, holder: tuple[str, str] | None) -> Admission:
    """What becomes of a new job whose `once` key is held by this event (source, id); None where nobody holds it."""
    if job.trigger is not Trigger.OPENED or holder is None or holder == (job.source, job.event):
        # Jobs about something else claim the key for their event, and go out whoever holds it.
        return Admission.ACCEPTED
    return Admission.DROPPED if job.otherwise is None else Admission.DIVERTED
