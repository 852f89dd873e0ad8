"""The queue of jobs: how each is accepted, claimed and reported on within a transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from adapters.sql_ledger import names
from adapters.sql_ledger import statements as sql
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.pauses import resume_at_once
from adapters.sql_ledger.rows import entry_of, job_columns, standing_columns
from adapters.sql_ledger.schedules import bring_back, next_due
from adapters.sql_ledger.session import Row
from adapters.sql_ledger.storms import follow_carrier, is_buried, is_under_way, let_go_again
from adapters.sql_ledger.suppressions import suppress
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from schemas.job import Job
from sender.ledger.claimable import ANY, Claimable, Taking
from sender.records import BEGINNINGS, MAIL, Admission, LedgerEntry, Report, admission_of
from sender.states import FINISHED, Hold, Transition, begin, step
from sender.storms.digests import is_left_out, storm_report
from sender.storms.scheduled import scheduled_report
from sender.storms.storm import NO_STORMS, StormPolicy


class SqlJobQueue(SqlTransactions):
    """See sender.ledger.jobs.JobQueue."""

    def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
        """See sender.ledger.jobs.JobQueue."""

        def work(writes: Writes) -> list[Admission]:
            # All at once and first: one by one, two transactions could wait for each other.
            writes.session.reserve(names.of_jobs(jobs))
            writes.look_up_known([job.id for job in jobs])
            return [_accept(writes, job, storm) for job in jobs]

        return self._write(now, work)

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        """See sender.ledger.jobs.JobQueue."""
        # Before the transaction begins: a name may have to be taken on a connection of its own.
        owner = self._owner
        return self._write(now, lambda writes: _claim_due(writes, limit, now + lease, owner, which))

    def hand_over(self, claims: Sequence[LedgerEntry]) -> Collection[str]:
        """See sender.ledger.jobs.JobQueue."""
        values = [{"id": one.job.id, "attempt": one.standing.attempt} for one in claims]
        found = self._transact(lambda session: session.rows_of_each(sql.HAND_OVER, values))
        return {one.job.id for one, rows in zip(claims, found, strict=True) if rows}

    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> list[LedgerEntry]:
        """See sender.ledger.jobs.JobQueue."""
        owner = self._owner
        owners = {row["owner"] for row in self._read(sql.OWNERS, {})}
        if not owners:
            # Nothing is being sent, so that nobody need be looked for.
            return []
        gone = self._gone(sorted(owners - {owner}), now)
        lists = {"gone": json.dumps(list(gone)), "under_way": json.dumps(list(under_way))}
        return [entry_of(row) for row in self._read(sql.ABANDONED, lists | {"owner": owner, "limit": limit})]

    def lapsed(self, now: datetime, limit: int) -> list[LedgerEntry]:
        """See sender.ledger.jobs.JobQueue."""
        return [entry_of(row) for row in self._read(sql.LAPSED, {"now": to_micros(now), "limit": limit})]

    def overdue(self, now: datetime, limit: int) -> list[LedgerEntry]:
        """See sender.ledger.jobs.JobQueue."""
        return [entry_of(row) for row in self._read(sql.OVERDUE, {"now": to_micros(now), "limit": limit})]

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        """See sender.ledger.jobs.JobQueue."""

        def work(writes: Writes) -> list[Report]:
            writes.session.reserve(names.of_reports(writes.session, reports))
            writes.look_up([report.job for report in reports])
            return [report for report in reports if not _record(writes, report)]

        return self._write(now, work)


def _accept(writes: Writes, job: Job, storm: StormPolicy) -> Admission:
    """Take in one job; says what became of it."""
    if job.id in writes.known:
        return Admission.DUPLICATE
    writes.known.add(job.id)
    admission = admission_of(job, _claim_key(writes, job))
    begun = Report(job.id, 0, BEGINNINGS[admission])
    entry = LedgerEntry(job, admission is Admission.DIVERTED, begin(begun.transition, writes.now))
    held = None if entry.standing.state in FINISHED else _held_at_first(writes, entry, storm)
    stands = entry if held is None else _stepped(entry, held)
    values = standing_columns(stands.standing) | job_columns(stands) | {"now": writes.micros}
    writes.session.run(sql.INSERT_JOB, values)
    writes.write_down(entry, begun)
    if held is not None:
        writes.write_down(stands, held)
    return admission


def _held_at_first(writes: Writes, entry: LedgerEntry, storm: StormPolicy) -> Report | None:
    """What holds a new job from the start; None where nothing does."""
    scheduled = scheduled_report(entry, writes.now, lambda: next_due(writes, entry))
    if scheduled is None and is_buried(writes, entry.job, storm):
        return storm_report(entry.job.id, storm)
    return scheduled


def _stepped(entry: LedgerEntry, report: Report) -> LedgerEntry:
    standing = step(entry.standing, report.transition, report.until, report.hold)
    if standing is None:
        raise RuntimeError(f"a new job can't be {report.transition.value}")
    return replace(entry, standing=standing)


def _claim_due(writes: Writes, limit: int, lease_until: datetime, owner: str, which: Claimable) -> list[LedgerEntry]:
    """Take those that are due, the longest due first."""
    of = {None: "any", MAIL: "mail"}.get(which.transport, "texts")
    values: dict[str, Any] = {"now": writes.micros, "limit": limit}
    if of == "texts":
        values["transport"] = which.transport
    statement = sql.DUE[of]
    if which.not_domains or which.not_recipients:
        statement = sql.DUE_ELSEWHERE[of]
        lists = ("not_domains", "despite", "not_recipients")
        values |= {name: json.dumps(list(getattr(which, name))) for name in lists}
    rows = writes.session.rows(statement, values)
    taking = Taking(which)
    return [_claim(writes, row, lease_until, owner) for row in rows if taking.takes(row["recipient"], row["domain"])]


def _claim(writes: Writes, row: Row, lease_until: datetime, owner: str) -> LedgerEntry:
    """Take one job that is due."""
    entry = writes.move(row, Report(row["id"], row["attempt"], Transition.CLAIMED, lease_until, owner=owner))
    if entry is None:
        raise RuntimeError(f"job {row['id']} is due in state {row['state']}: the ledger is damaged")
    return entry


def _record(writes: Writes, report: Report) -> bool:
    """Apply one report, with all that follows from it; says whether it changed anything."""
    row = writes.find(report.job)
    if row is None or row["attempt"] != report.attempt:
        return False
    if not is_left_out(report) and is_under_way(writes, row):
        return False
    entry = writes.move(row, report)
    if entry is None:
        return False
    if report.suppress is not None:
        suppress(writes, report.suppress)
    if row["digest"]:
        follow_carrier(writes, row, entry, report)
    elif report.hold is Hold.STORM:
        let_go_again(writes, row)
    resume_at_once(writes, entry)
    bring_back(writes, row, entry)
    return True


def _claim_key(writes: Writes, job: Job) -> tuple[str, str] | None:
    """The event that holds the job's `once` key: its own where nobody had claimed it before."""
    if job.once is None or job.once in writes.holders:
        return writes.holders.get(job.once or "")
    values = {"key": job.once, "source": job.source, "event": job.event, "now": writes.micros}
    (holder,) = writes.session.rows(sql.CLAIM_KEY, values)
    # A database may not give back a text as it took it: so it compares them itself.
    held_by = (job.source, job.event) if holder["ours"] else (holder["source"], holder["event"])
    return writes.holders.setdefault(job.once, held_by)
