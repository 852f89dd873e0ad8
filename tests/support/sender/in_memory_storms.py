"""Storms in memory: they hold new jobs, and let them go as digests."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from schemas.job import Job
from sender.records import Admission, LedgerEntry, Report, domain_of, lane_of, reader_of, recipient_of
from sender.states import FINISHED, Hold, State, Transition
from sender.storms.digests import (
    LEAVES_ITS_DIGEST,
    Ahead,
    HeldJob,
    Over,
    apart,
    as_listed,
    digests,
    held_again,
    release_reports,
    storm_report,
    unbundled_reports,
)
from sender.storms.scheduled import (
    BEHIND,
    COMPANY,
    Due,
    OlderDigest,
    back_report,
    due_groups,
    is_back,
    scheduled_report,
    waiting_behind,
)
from sender.storms.storm import StormEnd, StormPolicy, ends_at, saved_at
from tests.support.sender.in_memory_listing import Kept
from tests.support.sender.in_memory_queue import InMemoryQueue

EPOCH = datetime.fromtimestamp(0, UTC)
"""A storm that began then is over by any policy."""


class InMemoryStorms(InMemoryQueue):
    """A job that is accepted may be held by a storm."""

    def __init__(self) -> None:
        super().__init__()
        self.storms: dict[str, tuple[datetime, datetime]] = {}

    def accept_one(self, job: Job, now: datetime, storm: StormPolicy) -> Admission:
        admission = super().accept_one(job, now, storm)
        if admission in (Admission.ACCEPTED, Admission.DIVERTED):
            held = self.held_at_first(self.jobs[job.id].entry, now, storm)
            if held is not None:
                self.record([held], now)
        return admission

    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        scheduled = scheduled_report(entry, now, lambda: self.company_at(entry, now))
        if scheduled is None and self.is_buried(entry.job, now, storm):
            return storm_report(entry.job.id, storm)
        return scheduled

    def is_buried(self, job: Job, now: datetime, storm: StormPolicy) -> bool:
        if storm.limit == 0:
            return False
        recipient = recipient_of(job)
        began = self.storms.get(recipient)
        if began is None and self.saves(job, storm) <= storm.limit:
            return False
        self.storms[recipient] = (began[0] if began else now, now)
        return True

    def saves(self, job: Job, storm: StormPolicy) -> int:
        """How many jobs of the recipient tell of saves in the window that ends with this one's."""
        last, recipient = saved_at(job), recipient_of(job)
        counted = [kept.entry.job for kept in self.jobs.values() if self.counts_as_save(kept)]
        moments = [saved_at(one) for one in counted if recipient_of(one) == recipient]
        return sum(last - storm.window < moment <= last for moment in moments)

    def counts_as_save(self, kept: Kept) -> bool:
        """A dropped job counts for no storm, nor does one that was held until it was due."""
        is_dropped = kept.entry.standing.state is State.DROPPED
        return not is_dropped and scheduled_report(kept.entry, kept.history[0].at, lambda: None) is None

    def company_at(self, entry: LedgerEntry, now: datetime) -> datetime | None:
        recipient = recipient_of(entry.job)
        held = [kept.entry for kept in self.jobs.values() if self.is_scheduled(kept.entry)]
        moments = [one.standing.due for one in held if recipient_of(one.job) == recipient]
        return min((due for due in moments if due is not None and now < due <= now + COMPANY), default=None)

    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        kept = self.jobs[before.job.id]
        entry, back = kept.entry, is_back(before.standing.hold, before.standing.state not in FINISHED)
        report = back_report(back, entry, now, lambda: self.company_at(entry, now), lambda: self.was_listed(kept))
        if report is not None:
            self.record([report], now)

    def was_listed(self, kept: Kept) -> bool:
        return any(change.transition in (Transition.BUNDLED, Transition.CARRIES) for change in kept.history)

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        over = [recipient for recipient, times in self.storms.items() if ends_at(storm, *times) <= now][:limit]
        for recipient in over:
            del self.storms[recipient]
            if storm.end is StormEnd.DIGEST:
                self.let_go(recipient, storm, now)
        return len(over)

    def let_go(self, recipient: str, storm: StormPolicy, now: datetime) -> None:
        jobs = [self.held_job(kept.entry, place) for place, kept in enumerate(self.jobs.values())]
        held = [one for one in jobs if self.is_held(self.jobs[one.job].entry, recipient)]
        others = [self.ahead(one) for one in jobs if one not in held and self.jobs[one.job].open]
        size = self.size(held, storm)
        self.send_out(self.groups(held, others, size), Over.STORM, now)

    def size(self, held: list[HeldJob], storm: StormPolicy) -> int:
        return storm.size_for(domain_of(self.jobs[held[0].job].entry.job)) if held else storm.digest_size

    def send_out(self, groups: list[list[HeldJob]], over: Over, now: datetime) -> None:
        for group in groups:
            first, *rest = release_reports(group, now, over)
            assert self.record([first, *rest], now) == []
            for report in rest:
                self.jobs[report.job].carrier = first.job

    def ahead(self, one: HeldJob) -> Ahead:
        kept = self.jobs[one.job]
        carrier = one.job if kept.entry.standing.digest else kept.carrier
        if self.counts_as_save(kept):
            carrier = None
        return Ahead(one.lane, one.place, None if carrier is None else list(self.jobs).index(carrier))

    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        moments: dict[str, datetime] = {}
        for entry in [kept.entry for kept in self.jobs.values() if self.is_scheduled(kept.entry)]:
            due, recipient = entry.standing.due, recipient_of(entry.job)
            if due is not None and due <= now:
                moments[recipient] = min(due, moments.get(recipient, due))
        ended = sorted(moments.items(), key=lambda one: one[1])[:limit]
        for recipient, _ in ended:
            self.let_go_due(recipient, storm, now)
        return len(ended)

    def let_go_due(self, recipient: str, storm: StormPolicy, now: datetime) -> None:
        entries = [kept.entry for kept in self.jobs.values()]
        jobs = [(entry, self.held_job(entry, place)) for place, entry in enumerate(entries)]
        held = [
            (entry.standing.hold, one)
            for entry, one in jobs
            if entry.standing.hold is not None and self.is_due_now(entry, recipient, now)
        ]
        behind = self.collect_further(recipient, [one for _, one in held], now)
        held = [(hold, one) for hold, one in held if one.job not in behind]
        others = [self.ahead(one) for entry, one in jobs if self.is_in_the_way(entry)]
        self.send_out(self.groups_due(held, others, storm), Over.SCHEDULE, now)

    def collect_further(self, recipient: str, held: list[HeldJob], now: datetime) -> set[str]:
        entries = [self.jobs[one.job].entry for one in held]
        due = [
            Due(one.standing.hold or Hold.QUIET, job, one.job.expires) for one, job in zip(entries, held, strict=True)
        ]
        behind = {one.job for one in waiting_behind(due, self.older_digests(recipient), now)}
        for job in behind:
            kept = self.jobs[job]
            kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, due=now + BEHIND))
        return behind

    def older_digests(self, recipient: str) -> list[OlderDigest]:
        found = []
        for kept in self.jobs.values():
            job, standing = kept.entry.job, kept.entry.standing
            is_waiting = standing.digest and standing.state is State.QUEUED and not standing.unknowns
            if is_waiting and standing.due is not None and recipient_of(job) == recipient:
                reader, accepted = reader_of(str(job.person)), kept.history[0].at
                found.append(OlderDigest(reader, accepted, standing.due, standing.attempt))
        return found

    def is_due_now(self, entry: LedgerEntry, recipient: str, now: datetime) -> bool:
        due = entry.standing.due
        return self.is_scheduled(entry) and due is not None and due <= now and recipient_of(entry.job) == recipient

    def is_in_the_way(self, entry: LedgerEntry) -> bool:
        return self.jobs[entry.job.id].open and not self.is_scheduled(entry)

    def groups_due(
        self, held: list[tuple[Hold, HeldJob]], others: list[Ahead], storm: StormPolicy
    ) -> list[list[HeldJob]]:
        return due_groups(held, others, self.size([one for _, one in held], storm), storm.limit)

    def held_job(self, entry: LedgerEntry, place: int) -> HeldJob:
        job = entry.job
        return HeldJob(job.id, entry.standing.attempt, lane_of(job), place, reader_of(str(job.person)))

    def is_held(self, entry: LedgerEntry, recipient: str) -> bool:
        return entry.standing.hold is Hold.STORM and recipient_of(entry.job) == recipient

    def groups(self, held: list[HeldJob], others: list[Ahead], size: int) -> list[list[HeldJob]]:
        return digests(held, others, size)

    def bundle(self, carrier: str) -> list[LedgerEntry]:
        return [as_listed(kept.entry) for kept in self.jobs.values() if kept.carrier == carrier]

    def divide(self, carrier: str, now: datetime) -> None:
        half = apart(self.bundle(carrier))
        for entry in half:
            self.record([held_again(entry, Over.SIZE)], now)
        places = list(self.jobs)
        jobs = [self.held_job(self.jobs[one.job.id].entry, places.index(one.job.id)) for one in half]
        self.send_out([jobs] if jobs else [], Over.SIZE, now)

    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        carrier = self.jobs[report.job]
        if report.transition is Transition.DIVIDED:
            self.divide(report.job, now)
            return
        for kept in [self.jobs[entry.job.id] for entry in self.bundle(report.job)]:
            standing = kept.entry.standing
            if carrier.entry.standing.unknowns > before.standing.unknowns:
                kept.entry = replace(kept.entry, standing=replace(standing, unknowns=standing.unknowns + 1))
            job, attempt = kept.entry.job.id, standing.attempt
            if report.transition in LEAVES_ITS_DIGEST:
                reports = unbundled_reports(kept.entry, report.transition, now)
                self.record(reports, now)
                if reports[-1].hold is Hold.STORM:
                    self.storms.setdefault(recipient_of(kept.entry.job), (EPOCH, now))
            elif not carrier.open:
                self.record([Report(job, attempt, report.transition, code=report.code, text=report.text)], now)
