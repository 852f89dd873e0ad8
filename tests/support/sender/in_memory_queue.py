"""The queue of jobs in memory, with the outbox that tells of it."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from schemas.job import Job
from schemas.log import NewRecord
from sender.ledger.claimable import ANY, Claimable, Taking
from sender.ledger.outbox import Outbound, outcome_record
from sender.ledger.port import Retention
from sender.records import BEGINNINGS, Admission, Change, LedgerEntry, Report, admission_of, domain_of, recipient_of
from sender.states import WAITING, Standing, State, Transition, begin, step
from sender.storms.digests import is_left_out
from sender.storms.storm import NO_STORMS, StormPolicy
from tests.support.sender.in_memory_listing import InMemoryListing, Kept


class InMemoryQueue(InMemoryListing):
    """Takes in jobs, hands them out and takes reports; the outbox tells of each change."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, tuple[tuple[str, str], datetime]] = {}
        self.records: dict[int, NewRecord] = {}
        self.told = 0
        self.owner = "this process"

    def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
        return [self.accept_one(job, now, storm) for job in jobs]

    def accept_one(self, job: Job, now: datetime, storm: StormPolicy) -> Admission:
        if job.id in self.jobs:
            return Admission.DUPLICATE
        admission = admission_of(job, self.claim_key(job, now))
        standing = begin(BEGINNINGS[admission], now)
        self.jobs[job.id] = Kept(LedgerEntry(job, admission is Admission.DIVERTED, standing), [])
        self.keep(standing, Report(job.id, 0, BEGINNINGS[admission]), now)
        return admission

    def claim_key(self, job: Job, now: datetime) -> tuple[str, str] | None:
        if job.once is None:
            return None
        holder = self.keys.get(job.once, ((job.source, job.event), now))[0]
        self.keys[job.once] = (holder, now)
        return holder

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        waiting = [kept.entry for kept in self.jobs.values() if self.is_due(kept.entry, now)]
        waiting.sort(key=lambda entry: entry.standing.due or now)
        taking, due = Taking(which), [one for one in waiting if which.may_go(*self.keys_of(one))][:limit]
        reports = [
            Report(entry.job.id, entry.standing.attempt, Transition.CLAIMED, now + lease, owner=self.owner)
            for entry in due
            if taking.takes(*self.keys_of(entry))
        ]
        self.record(reports, now)
        return [self.jobs[report.job].entry for report in reports]

    def keys_of(self, entry: LedgerEntry) -> tuple[str, str]:
        return recipient_of(entry.job), domain_of(entry.job)

    def hand_over(self, claims: Sequence[LedgerEntry]) -> set[str]:
        return {one.job.id for one in claims if self.hand_over_one(one)}

    def hand_over_one(self, claim: LedgerEntry) -> bool:
        kept = self.jobs.get(claim.job.id)
        if kept is None or not self.still_has(kept.entry.standing, claim.standing):
            return False
        kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, handed_over=True))
        return True

    def still_has(self, standing: Standing, claimed: Standing) -> bool:
        return standing.state is State.SENDING and standing.attempt == claimed.attempt

    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> builtins.list[LedgerEntry]:
        entries = [kept.entry for kept in self.jobs.values() if kept.entry.standing.owner is not None]
        return [one for one in entries if one.standing.owner != self.owner or one.job.id not in under_way][:limit]

    def is_due(self, entry: LedgerEntry, now: datetime) -> bool:
        due = entry.standing.due
        return entry.standing.state in WAITING and due is not None and due <= now and self.is_head(entry)

    def lapsed(self, now: datetime, limit: int) -> list[LedgerEntry]:
        entries = [kept.entry for kept in self.jobs.values()]
        return [one for one in entries if one.standing.lease_until and one.standing.lease_until <= now][:limit]

    def overdue(self, now: datetime, limit: int) -> list[LedgerEntry]:
        waiting = [kept.entry for kept in self.jobs.values() if kept.open and not self.is_under_way(kept)]
        return [entry for entry in waiting if entry.job.expires <= now][:limit]

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        return [report for report in reports if not self.record_one(report, now)]

    def record_one(self, report: Report, now: datetime) -> bool:
        kept = self.jobs.get(report.job)
        if kept is None or not self.is_current(kept.entry.standing, report):
            return False
        if not is_left_out(report) and self.is_listed_under_way(kept):
            return False
        standing = step(kept.entry.standing, report.transition, report.until, report.hold, report.owner)
        if standing is None:
            return False
        self.keep(standing, report, now)
        return True

    def is_listed_under_way(self, kept: Kept) -> bool:
        return kept.carrier is not None and self.is_under_way(kept)

    def is_current(self, standing: Standing, report: Report) -> bool:
        return standing.attempt == report.attempt

    def keep(self, standing: Standing, report: Report, now: datetime) -> None:
        kept = self.jobs[report.job]
        kept.entry = replace(kept.entry, standing=standing)
        kept.carrier = None
        words = (report.code, report.text, report.fault)
        change = Change(standing.changes, now, report.transition, standing.state, standing.attempt, *words)
        kept.history.append(change)
        record = outcome_record(kept.entry, change)
        if record is not None:
            self.tell(record)

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        old = [job for job, kept in self.jobs.items() if self.may_forget(kept, now - retention.finished)][:limit]
        keys = [key for key, (_, seen) in self.keys.items() if seen <= now - retention.once][:limit]
        for job in old:
            del self.jobs[job]
        for key in keys:
            del self.keys[key]
        return len(old) + len(keys)

    def may_forget(self, kept: Kept, before: datetime) -> bool:
        return not kept.open and kept.entry.job.expires <= before

    def close(self) -> None:
        pass

    def tell(self, record: NewRecord) -> None:
        self.told += 1
        self.records[self.told] = record

    def outbox(self, limit: int) -> builtins.list[Outbound]:
        return [Outbound(number, record) for number, record in self.records.items()][:limit]

    def published(self, ids: Sequence[int]) -> None:
        for number in ids:
            self.records.pop(number, None)
