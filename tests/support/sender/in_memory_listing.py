"""Jobs in a dictionary, and the views of them."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from schemas.job import Job, PersonRef
from schemas.mailbox import mailbox
from sender.records import Change, LedgerEntry, Listed, Selection, Subject, lane_of, recipient_of, subject_of
from sender.states import FINISHED, SCHEDULED, Hold, State


class Kept(Struct):
    """A job as the ledger in memory keeps it. `carrier` is the job whose digest lists it, while that is open."""

    entry: LedgerEntry
    history: list[Change]
    carrier: str | None = None

    @property
    def open(self) -> bool:
        return self.entry.standing.state not in FINISHED


class InMemoryListing:
    """Holds the jobs. Its steps are methods, as are those of all parts, so that a test can break one of them."""

    def __init__(self) -> None:
        self.jobs: dict[str, Kept] = {}

    def find(self, job: str) -> LedgerEntry | None:
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
            and (selection.customers is None or job.customer in selection.customers)
            and (selection.since is None or selection.since <= line.accepted)
            and (selection.until is None or line.accepted < selection.until)
        )

    def newest_of_each(self, subject: Subject, limit: int, after: str = "") -> builtins.list[Job]:
        # Later ones take the place of earlier ones.
        newest = {subject_of(kept.entry.job, subject): kept.entry.job for kept in self.jobs.values()}
        return [newest[name] for name in sorted(newest) if name > after][:limit]

    def people_at(self, address: str) -> builtins.list[PersonRef]:
        jobs = [kept.entry.job for kept in self.jobs.values()]
        return sorted({job.person for job in jobs if mailbox(job.address) == mailbox(address)})

    def counts(self, since: datetime | None = None) -> dict[State, int]:
        counted = [kept for kept in self.jobs.values() if since is None or kept.history[0].at >= since]
        states = [kept.entry.standing.state for kept in counted]
        return {state: states.count(state) for state in State}

    def holds(self) -> dict[Hold, int]:
        held = [kept.entry.standing.hold for kept in self.jobs.values()]
        return {hold: held.count(hold) for hold in Hold}

    def oldest(self) -> dict[State, datetime]:
        moments: dict[State, builtins.list[datetime]] = {}
        for kept in self.jobs.values():
            if kept.open and not self.is_scheduled(kept.entry):
                moments.setdefault(kept.entry.standing.state, []).append(kept.history[0].at)
        return {state: min(found) for state, found in moments.items()}

    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        jobs = [kept for kept in self.jobs.values() if kept.open]
        entries = [kept.entry for kept in jobs]
        counted = [one for one in entries if recipient_of(one.job) not in besides]
        tries = [one.standing.due for one in counted if one.standing.due and self.is_next(one)]
        leases = [one.standing.lease_until for one in entries if one.standing.lease_until]
        expiries = [kept.entry.job.expires for kept in jobs if not self.is_under_way(kept)]
        return min([*tries, *leases, *expiries], default=None)

    def is_next(self, entry: LedgerEntry) -> bool:
        return entry.standing.hold in SCHEDULED or self.is_head(entry)

    def is_head(self, entry: LedgerEntry) -> bool:
        lane = self.lane(lane_of(entry.job))
        return next(iter(lane)).entry.job.id == entry.job.id

    def lane(self, lane: str) -> Iterable[Kept]:
        """The open jobs of a lane, the oldest first, without those for which a carrier of the same lane stands."""
        return (kept for kept in self.jobs.values() if kept.open and self.stands_in(kept, lane))

    def stands_in(self, kept: Kept, lane: str) -> bool:
        carrier = None if kept.carrier is None else lane_of(self.jobs[kept.carrier].entry.job)
        return lane_of(kept.entry.job) == lane != carrier and not self.is_scheduled(kept.entry)

    def is_scheduled(self, entry: LedgerEntry) -> bool:
        return entry.standing.hold in SCHEDULED

    def is_under_way(self, kept: Kept) -> bool:
        """Whether it, or the digest that lists it, is just being sent."""
        sent = kept if kept.carrier is None else self.jobs[kept.carrier]
        return sent.entry.standing.lease_until is not None
