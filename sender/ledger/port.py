"""The ledger: every job that was accepted, how it stands, and each change since. Adapters keep it on disk.

Later jobs of a lane (one ticket, one mailbox, one channel) wait until the older ones are finished, so that
nobody reads of a ticket's end before its beginning. A job that waits for another try holds back its lane alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.log import NewRecord
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from sender.ledger.claimable import ANY, Claimable
from sender.ledger.waits import Wait
from sender.privacy.forgetting import Blanked, Forgetting, Forgotten
from sender.records import Admission, Change, Entry, Listed, Report, Selection
from sender.states import State
from sender.storms.storm import NO_STORMS, StormPolicy


class LedgerUnavailableError(RuntimeError):
    """The ledger can't do its work, so the sender must stop: nothing that it held is lost.

    `code` names the class of the fault in snake case; the message says where it is and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LedgerAwayError(LedgerUnavailableError):
    """The ledger does not answer, or not now: the sender may wait, and ask again. Nothing that it holds is lost."""


class Retention(Struct, frozen=True):
    """How long the ledger remembers.

    `finished` is counted from a job's expiry, and from a suppression's end. It must outlast the age at which events
    become stale, since until then the platform may send one again. `once` is counted from the last event that asked
    for the key; it should outlast tickets.
    """

    finished: timedelta = timedelta(days=7)
    once: timedelta = timedelta(days=3 * 365)


class Outbound(Struct, frozen=True):
    """A record that the ledger has for a topic. `id` grows in the order of the changes of each job."""

    id: int
    record: NewRecord


class Pause(Struct, frozen=True):
    """What goes out to nobody for now: the jobs of a customer, or of a template. `reason` is a person's."""

    customer: str | None
    template: str | None
    since: datetime
    reason: str

    def __post_init__(self) -> None:
        """Raise ValueError where it isn't one of the two."""
        if (self.customer is None) == (self.template is None):
            raise ValueError("a pause is for a customer or for a template: one of them")


class Ledger(Protocol):
    """Keeps jobs durably.

    What a method has returned from survives a crash, and what it did is done whole or not at all. All times are in UTC.
    Every change of a job that its readers care for (see sender.ledger.outcomes) puts a record of its outcome into the
    outbox, in the same transaction; so does every change of a suppression. Every method raises LedgerUnavailableError
    where the storage fails.
    """

    def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
        """Take in jobs, in their order and in one transaction; says for each what became of it.

        The first event (source and id) that brings a `once` key claims it, for all its jobs. A job for a mailbox that
        is in a storm (see sender.storms.storm) is held from the start.
        """
        ...

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[Entry]:
        """Take at most `limit` jobs that are due, the longest due first, each the oldest open one of its lane.

        Nobody else gets them until `now + lease`, or until this process is known to be gone. Their standing is that
        after the claim. It may take fewer than are due where `which` says that one of them has to go alone.
        """
        ...

    def hand_over(self, claims: Sequence[Entry]) -> Collection[str]:
        """Write down that the relay may have the content of these jobs from now on; gives those for which that holds.

        It holds where the claim does. What is not given back must not be handed over: it may be somebody else's by now.
        """
        ...

    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> list[Entry]:
        """At most `limit` jobs in `sending` that nobody works on. They need a report: this changes nothing.

        Those are the jobs of processes that are known to be gone, whatever their lease, and those that this ledger has
        claimed itself but for the ones `under_way`: of a claim that was lost on its way back nobody else knows.
        """
        ...

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        """At most `limit` jobs in `sending` whose lease has ended. They need a report: this changes nothing."""
        ...

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
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
        leaves open whether it arrived counts for them too (`unknowns`). Where the carrier is withdrawn, held or
        cancelled, that is its own affair: the others are held again by a storm that is over, see `end_storms`. What is
        held for a pause that has ended is resumed at once.
        """
        ...

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        """End at most `limit` holds of mailboxes whose time is over by this policy; says how many.

        Where the policy asks for digests, the jobs that the storm held are grouped (see sender.storms.digests): the
        newest of each group carries its digest, and the others are bundled with it. A lone one just goes out. Else the
        jobs stay held, for a person to release or until they expire. A carrier does not wait for its own bundle in
        their lane.
        """
        ...

    def bundle(self, carrier: str) -> list[Entry]:
        """The jobs that are bundled with this carrier, in the order of their acceptance."""
        ...

    def find(self, job: str) -> Entry | None:
        """The job of this id."""
        ...

    def history(self, job: str) -> list[Change]:
        """All changes of a job, the oldest first; empty where it is not known."""
        ...

    def list(self, selection: Selection, limit: int, before: str | None = None) -> list[Listed]:
        """At most `limit` of the jobs that were selected, the newest first; those accepted before the job `before`."""
        ...

    def counts(self) -> dict[State, int]:
        """The number of jobs in every state, zeros included."""
        ...

    def oldest(self) -> dict[State, datetime]:
        """When the oldest job in each open state was accepted; without the states in which there is none."""
        ...

    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        """When there is something to do next: a try, a lease's end or an expiry. None where all jobs are finished.

        Tries of the recipients `besides` (see `recipient_of`) do not count.
        """
        ...

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        """Keep suppressions by their ids; says how many are new. One that is known by its id is replaced.

        One that differs from what is kept in its `since` alone changes nothing, and is not told again.
        """
        ...

    def lift(self, suppression: str, now: datetime) -> bool:
        """Forget a suppression; says whether there was one."""
        ...

    def suppressions(self, limit: int, after: str = "") -> Sequence[SuppressionRecord]:
        """At most `limit` suppressions in the order of their ids, from behind the id `after`."""
        ...

    def suppressing(
        self, entry: Entry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        """One of these suppressions that stands for the job's person or mailbox, and for its trigger.

        By `pseudonyms`, those of people who were forgotten are recognised.
        """
        ...

    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        """Take a person out of at most `limit` jobs from behind the place `after`, and out of the outbox.

        Of their own finished jobs nothing stays that tells of whom they were, nor what was said of them. Of the
        finished ones of others, only what names the person goes. Open jobs stay as they are.
        """
        ...

    def note_forgotten(self, one: Forgotten) -> None:
        """Keep that a person was forgotten."""
        ...

    def forgotten(self, limit: int) -> Sequence[Forgotten]:
        """At most `limit` people who were forgotten, the last one first."""
        ...

    def pause(self, pause: Pause) -> None:
        """Pause a customer or a template. Where it is paused already, the older pause stays."""
        ...

    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        """End a pause, and let go in one transaction what no other pause holds; says whether there was one."""
        ...

    def pauses(self) -> Sequence[Pause]:
        """All pauses, the oldest first."""
        ...

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        """Keep what keeps this sender's due jobs back, in place of what it told before. It counts for TOLD_FOR."""
        ...

    def waits(self, now: datetime) -> Sequence[Wait]:
        """What keeps due jobs back by what all senders told, each name once with its longest wait, longest first."""
        ...

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """At most `limit` records that have not been forgotten yet, the oldest first.

        Empty where another publisher is at it: only one at a time may, so that the outcomes of a job stay in order.
        """
        ...

    def published(self, ids: Sequence[int]) -> None:
        """Forget these records: they stand in their topics."""
        ...

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """Forget what its time is over of: at most `limit` finished jobs, once keys and suppressions each.

        A suppression is remembered as long after its end as a job after its expiry, so that whoever asks why a message
        was withdrawn still sees it; that it is forgotten is told as when it is lifted. Says how many there were in all.
        """
        ...
