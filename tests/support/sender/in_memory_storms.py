"""Storms in memory: they hold new jobs, and let them go as digests."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from schemas.job import Job
from sender.records import Admission, LedgerEntry, Report, lane_of, reader_of, recipient_of
from sender.states import Hold, State
from sender.storms.digests import LEAVES_ITS_DIGEST, HeldJob, digests, release_reports, storm_report, unbundled_report
from sender.storms.storm import StormEnd, StormPolicy, ends_at, saved_at
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
        if admission in (Admission.ACCEPTED, Admission.DIVERTED) and self.is_buried(job, now, storm):
            self.record([storm_report(job.id, storm)], now)
        return admission

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
        entries = [kept.entry for kept in self.jobs.values() if kept.entry.standing.state is not State.DROPPED]
        moments = [saved_at(one.job) for one in entries if recipient_of(one.job) == recipient]
        return sum(last - storm.window < moment <= last for moment in moments)

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
        others = [(one.lane, one.place) for one in jobs if one not in held and self.jobs[one.job].open]
        for group in self.groups(held, others, storm.digest_size):
            first, *rest = release_reports(group, now)
            assert self.record([first, *rest], now) == []
            for report in rest:
                self.jobs[report.job].carrier = first.job

    def held_job(self, entry: LedgerEntry, place: int) -> HeldJob:
        job = entry.job
        return HeldJob(job.id, entry.standing.attempt, lane_of(job), place, reader_of(str(job.person)))

    def is_held(self, entry: LedgerEntry, recipient: str) -> bool:
        return entry.standing.hold is Hold.STORM and recipient_of(entry.job) == recipient

    def groups(self, held: list[HeldJob], others: list[tuple[str, int]], size: int) -> list[list[HeldJob]]:
        return digests(held, others, size)

    def bundle(self, carrier: str) -> list[LedgerEntry]:
        return [kept.entry for kept in self.jobs.values() if kept.carrier == carrier]

    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        carrier = self.jobs[report.job]
        for kept in [self.jobs[entry.job.id] for entry in self.bundle(report.job)]:
            standing = kept.entry.standing
            if carrier.entry.standing.unknowns > before.standing.unknowns:
                kept.entry = replace(kept.entry, standing=replace(standing, unknowns=standing.unknowns + 1))
            job, attempt = kept.entry.job.id, standing.attempt
            if report.transition in LEAVES_ITS_DIGEST:
                self.record([unbundled_report(job, attempt)], now)
                self.storms.setdefault(recipient_of(kept.entry.job), (EPOCH, now))
            elif not carrier.open:
                self.record([Report(job, attempt, report.transition, code=report.code, text=report.text)], now)
