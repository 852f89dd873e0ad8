"""Jobs in the ledger: the queue from which they are delivered, and the views in which people find them.

Later jobs of a lane (one ticket, one mailbox, one channel) wait until the older ones are finished, so that nobody reads
of a ticket's end before its beginning. A job that waits for another try holds back its lane alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from schemas.job import Job, PersonRef
from sender.ledger.claimable import ANY, Claimable
from sender.records import Admission, Change, LedgerEntry, Listed, Report, Selection, Subject
from sender.states import Hold, State
from sender.storms.storm import NO_STORMS, StormPolicy


class JobQueue(Protocol):
    """Takes in jobs, hands them out one claim at a time, and takes reports on them.

    Every change of a job that its readers care for (see sender.ledger.outbox) puts a record of its outcome into the
    outbox, in the same transaction.
    """

    def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
        """Take in jobs, in their order and in one transaction; says for each what became of it.

        The first event (source and id) that brings a `once` key claims it, for all its jobs. A job that is not due yet
        is held from the start, out of its lane, and so for a moment is one that comes late (see
        sender.storms.scheduled); so is any other one, in its lane, that is for a mailbox in a storm (see
        sender.storms.storm).
        """
        ...

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        """Take at most `limit` jobs that are due, the longest due first, each the oldest open one of its lane.

        Nobody else gets them until `now + lease`, or until this process is known to be gone. Their standing is that
        after the claim. It may take fewer than are due where `which` says that one of them has to go alone.
        """
        ...

    def hand_over(self, claims: Sequence[LedgerEntry]) -> Collection[str]:
        """Write down that the relay may have the content of these jobs from now on; gives those for which that holds.

        It holds where the claim does. What is not given back must not be handed over: it may be somebody else's by now.
        """
        ...

    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> list[LedgerEntry]:
        """At most `limit` jobs in `sending` that nobody works on. They need a report: this changes nothing.

        Those are the jobs of processes that are known to be gone, whatever their lease, and those that this ledger has
        claimed itself but for the ones `under_way`: of a claim that was lost on its way back nobody else knows.
        """
        ...

    def lapsed(self, now: datetime, limit: int) -> list[LedgerEntry]:
        """At most `limit` jobs in `sending` whose lease has ended. They need a report: this changes nothing."""
        ...

    def overdue(self, now: datetime, limit: int) -> list[LedgerEntry]:
        """At most `limit` open jobs that have expired. They need a report: this changes nothing.

        What is in `sending`, or bundled with a carrier that is, has to wait for the answer.
        """
        ...

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        """Apply reports in their order, in one transaction, and give back those that changed nothing.

        That is where the job is not known, has been claimed again since, or its state has no such way out; or where it
        is bundled with a carrier in `sending`, since it is being sent as that one is, unless it is withdrawn or held:
        who sends the digest leaves it out.

        A report that finishes the carrier of a digest finishes the jobs bundled with it in the same way; one that
        leaves open whether it arrived counts for them too (`unknowns`). Where the carrier is withdrawn, held, cancelled
        or expires, that is its own affair: the others are held again by what is over, and go out in another digest.
        Where the digest could not be written, each of them goes out by itself. What is held for a pause that has ended
        is resumed at once.
        """
        ...


class JobListing(Protocol):
    """What the jobs are, how they stand and what happened to them. Nothing here changes anything."""

    def find(self, job: str) -> LedgerEntry | None:
        """The job of this id."""
        ...

    def history(self, job: str) -> list[Change]:
        """All changes of a job, the oldest first; empty where it is not known."""
        ...

    def list(self, selection: Selection, limit: int, before: str | None = None) -> list[Listed]:
        """At most `limit` of the jobs that were selected, the newest first; those accepted before the job `before`."""
        ...

    def newest_of_each(self, subject: Subject, limit: int, after: str = "") -> Sequence[Job]:
        """The newest job of each ticket, or of each person: at most `limit`, in the order of `subject_of`.

        `after` is the last one that was had. So whoever knows a ticket or a person by another name than their id can
        look through all that the ledger has, in as many steps as there are tickets or people, however many jobs.
        """
        ...

    def people_at(self, address: str) -> Sequence[PersonRef]:
        """Everyone who has a job to this mailbox, on whatever channel."""
        ...

    def counts(self, since: datetime | None = None) -> dict[State, int]:
        """The number of jobs in every state, zeros included; of those accepted from `since` on, where it is given."""
        ...

    def holds(self) -> dict[Hold, int]:
        """The number of jobs that each hold keeps back, zeros included."""
        ...

    def oldest(self) -> dict[State, datetime]:
        """When the oldest job in each open state was accepted; without the states in which there is none.

        What is held until a known moment (SCHEDULED) does not count.
        """
        ...

    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        """When there is something to do next: a try, an expiry, the end of a schedule or a lease.

        None where all jobs are finished. Tries of the recipients `besides` (see `recipient_of`) do not count.
        """
        ...


class Jobs(JobQueue, JobListing, Protocol):
    """For those who look jobs up and change them."""
