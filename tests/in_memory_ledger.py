"""A ledger without a disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from schemas.job import Job
from sender.entries import BEGINNINGS, Admission, Change, Entry, Report, admission_of, lane_of
from sender.ledger import Retention
from sender.states import FINISHED, WAITING, Standing, State, Transition, begin, step


class Kept(Struct):
    """A job as the ledger in memory keeps it."""

    entry: Entry
    history: list[Change]

    @property
    def open(self) -> bool:
        return self.entry.standing.state not in FINISHED


class InMemoryLedger:
    """A ledger in a dictionary. Its steps are methods, so that a test can break one of them."""

    def __init__(self) -> None:
        self.jobs: dict[str, Kept] = {}
        self.keys: dict[str, tuple[tuple[str, str], datetime]] = {}

    def accept(self, jobs: Sequence[Job], now: datetime) -> list[Admission]:
        return [self.accept_one(job, now) for job in jobs]

    def accept_one(self, job: Job, now: datetime) -> Admission:
        if job.id in self.jobs:
            return Admission.DUPLICATE
        admission = admission_of(job, self.claim_key(job, now))
        standing = begin(BEGINNINGS[admission], now)
        self.jobs[job.id] = Kept(Entry(job, admission is Admission.DIVERTED, standing), [])
        self.keep(job.id, standing, BEGINNINGS[admission], now)
        return admission

    def claim_key(self, job: Job, now: datetime) -> tuple[str, str] | None:
        if job.once is None:
            return None
        holder = self.keys.get(job.once, ((job.source, job.event), now))[0]
        self.keys[job.once] = (holder, now)
        return holder

    def claim(self, now: datetime, limit: int, lease: timedelta) -> list[Entry]:
        waiting = [kept.entry for kept in self.jobs.values() if self.is_due(kept.entry, now)]
        waiting.sort(key=lambda entry: entry.standing.due or now)
        reports = [
            Report(entry.job.id, entry.standing.attempt, Transition.CLAIMED, now + lease) for entry in waiting[:limit]
        ]
        self.record(reports, now)
        return [self.jobs[report.job].entry for report in reports]

    def is_due(self, entry: Entry, now: datetime) -> bool:
        due = entry.standing.due
        return entry.standing.state in WAITING and due is not None and due <= now and self.is_head(entry)

    def is_head(self, entry: Entry) -> bool:
        lane = lane_of(entry.job)
        oldest = next(kept for kept in self.jobs.values() if kept.open and lane_of(kept.entry.job) == lane)
        return oldest.entry.job.id == entry.job.id

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        entries = [kept.entry for kept in self.jobs.values()]
        return [one for one in entries if one.standing.lease_until and one.standing.lease_until <= now][:limit]

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        waiting = [kept.entry for kept in self.jobs.values() if kept.open and not kept.entry.standing.lease_until]
        return [entry for entry in waiting if entry.job.expires <= now][:limit]

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        return [report for report in reports if not self.record_one(report, now)]

    def record_one(self, report: Report, now: datetime) -> bool:
        kept = self.jobs.get(report.job)
        if kept is None or not self.is_current(kept.entry.standing, report):
            return False
        standing = step(kept.entry.standing, report.transition, report.until)
        if standing is None:
            return False
        self.keep(report.job, standing, report.transition, now, report)
        return True

    def is_current(self, standing: Standing, report: Report) -> bool:
        return standing.attempt == report.attempt

    def keep(
        self, job: str, standing: Standing, transition: Transition, now: datetime, said: Report | None = None
    ) -> None:
        kept = self.jobs[job]
        kept.entry = replace(kept.entry, standing=standing)
        words = (None, None, None) if said is None else (said.code, said.text, said.fault)
        kept.history.append(Change(standing.changes, now, transition, standing.state, standing.attempt, *words))

    def find(self, job: str) -> Entry | None:
        kept = self.jobs.get(job)
        return None if kept is None else kept.entry

    def history(self, job: str) -> list[Change]:
        return list(self.jobs[job].history) if job in self.jobs else []

    def counts(self) -> dict[State, int]:
        states = [kept.entry.standing.state for kept in self.jobs.values()]
        return {state: states.count(state) for state in State}

    def next_due(self) -> datetime | None:
        entries = [kept.entry for kept in self.jobs.values() if kept.open]
        tries = [one.standing.due for one in entries if one.standing.due and self.is_head(one)]
        leases = [one.standing.lease_until for one in entries if one.standing.lease_until]
        expiries = [one.job.expires for one in entries if not one.standing.lease_until]
        return min([*tries, *leases, *expiries], default=None)

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
