"""Jobs in a dictionary: the first half of the ledger without a disk."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from schemas.job import Job
from schemas.log import NewRecord
from sender.ledger.claimable import ANY, Claimable, Taking
from sender.ledger.outbox import Outbound, outcome_record
from sender.ledger.port import Retention
from sender.records import (
    BEGINNINGS,
    Admission,
    Change,
    Entry,
    Listed,
    Report,
    Selection,
    admission_of,
    domain_of,
    lane_of,
    recipient_of,
)
from sender.states import FINISHED, WAITING, Standing, State, Transition, begin, step
from sender.storms.digests import is_left_out
from sender.storms.storm import NO_STORMS, StormPolicy


class Kept(Struct):
    """A job as the ledger in memory keeps it. `carrier` is the job whose digest lists it, while that is open."""

    entry: Entry
    history: list[Change]
    carrier: str | None = None

    @property
    def open(self) -> bool:
        return self.entry.standing.state not in FINISHED


class InMemoryJobs:
    """Its steps are methods, so that a test can break one of them."""

    def __init__(self) -> None:
        self.jobs: dict[str, Kept] = {}
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
        self.jobs[job.id] = Kept(Entry(job, admission is Admission.DIVERTED, standing), [])
        self.keep(standing, Report(job.id, 0, BEGINNINGS[admission]), now)
        return admission

    def claim_key(self, job: Job, now: datetime) -> tuple[str, str] | None:
        if job.once is None:
            return None
        holder = self.keys.get(job.once, ((job.source, job.event), now))[0]
        self.keys[job.once] = (holder, now)
        return holder

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[Entry]:
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

    def keys_of(self, entry: Entry) -> tuple[str, str]:
        return recipient_of(entry.job), domain_of(entry.job)

    def hand_over(self, claims: Sequence[Entry]) -> set[str]:
        return {one.job.id for one in claims if self.hand_over_one(one)}

    def hand_over_one(self, claim: Entry) -> bool:
        kept = self.jobs.get(claim.job.id)
        if kept is None or not self.still_has(kept.entry.standing, claim.standing):
            return False
        kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, handed_over=True))
        return True

    def still_has(self, standing: Standing, claimed: Standing) -> bool:
        return standing.state is State.SENDING and standing.attempt == claimed.attempt

    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> builtins.list[Entry]:
        entries = [kept.entry for kept in self.jobs.values() if kept.entry.standing.owner is not None]
        return [one for one in entries if one.standing.owner != self.owner or one.job.id not in under_way][:limit]

    def is_due(self, entry: Entry, now: datetime) -> bool:
        due = entry.standing.due
        return entry.standing.state in WAITING and due is not None and due <= now and self.is_head(entry)

    def is_head(self, entry: Entry) -> bool:
        lane = self.lane(lane_of(entry.job))
        return next(iter(lane)).entry.job.id == entry.job.id

    def lane(self, lane: str) -> Iterable[Kept]:
        """The open jobs of a lane, the oldest first, without those for which a carrier of the same lane stands."""
        return (kept for kept in self.jobs.values() if kept.open and self.stands_in(kept, lane))

    def stands_in(self, kept: Kept, lane: str) -> bool:
        carrier = None if kept.carrier is None else lane_of(self.jobs[kept.carrier].entry.job)
        return lane_of(kept.entry.job) == lane != carrier

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        entries = [kept.entry for kept in self.jobs.values()]
        return [one for one in entries if one.standing.lease_until and one.standing.lease_until <= now][:limit]

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        waiting = [kept.entry for kept in self.jobs.values() if kept.open and not self.is_under_way(kept)]
        return [entry for entry in waiting if entry.job.expires <= now][:limit]

    def is_under_way(self, kept: Kept) -> bool:
        """Whether it, or the digest that lists it, is just being sent."""
        sent = kept if kept.carrier is None else self.jobs[kept.carrier]
        return sent.entry.standing.lease_until is not None

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

    def tell(self, record: NewRecord) -> None:
        self.told += 1
        self.records[self.told] = record

    def outbox(self, limit: int) -> builtins.list[Outbound]:
        return [Outbound(number, record) for number, record in self.records.items()][:limit]

    def published(self, ids: Sequence[int]) -> None:
        for number in ids:
            self.records.pop(number, None)

    def find(self, job: str) -> Entry | None:
        kept = self.jobs.get(job)
        return None if kept is None else kept.entry

    def history(self, job: str) -> builtins.list[Change]:
        return [*self.jobs[job].history] if job in self.jobs else []

    def list(self, selection: Selection, limit: int, before: str | None = None) -> builtins.list[Listed]:
        lines = [self.listed(kept) for kept in self.jobs.values()]
        lines.sort(key=lambda line: line.accepted)
        ids = [line.entry.job.id for line in lines]
        if before is not None:
            lines = lines[: ids.index(before)] if before in ids else []
        return [line for line in reversed(lines) if self.is_selected(line, selection)][:limit]

    def listed(self, kept: Kept) -> Listed:
        return Listed(kept.entry, kept.history[0].at, kept.history[-1].at)

    def is_selected(self, line: Listed, selection: Selection) -> bool:
        entry, job = line.entry, line.entry.job
        wanted = [
            (selection.ticket, job.ticket),
            (selection.person, job.person),
            (selection.hold, entry.standing.hold),
            (selection.customer, job.customer),
            (selection.template, entry.form.template),
        ]
        return (
            all(want in (None, value) for want, value in wanted)
            and (not selection.states or entry.standing.state in selection.states)
            and (selection.since is None or selection.since <= line.accepted)
            and (selection.until is None or line.accepted < selection.until)
        )

    def counts(self) -> dict[State, int]:
        states = [kept.entry.standing.state for kept in self.jobs.values()]
        return {state: states.count(state) for state in State}

    def oldest(self) -> dict[State, datetime]:
        moments: dict[State, builtins.list[datetime]] = {}
        for kept in self.jobs.values():
            if kept.open:
                moments.setdefault(kept.entry.standing.state, []).append(kept.history[0].at)
        return {state: min(found) for state, found in moments.items()}

    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        jobs = [kept for kept in self.jobs.values() if kept.open]
        entries = [kept.entry for kept in jobs]
        counted = [one for one in entries if recipient_of(one.job) not in besides]
        tries = [one.standing.due for one in counted if one.standing.due and self.is_head(one)]
        leases = [one.standing.lease_until for one in entries if one.standing.lease_until]
        expiries = [kept.entry.job.expires for kept in jobs if not self.is_under_way(kept)]
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
