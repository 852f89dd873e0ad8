"""Storms in SQLite: who is in one, how it ends, and how a digest's jobs follow their carrier."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from adapters.sqlite.ledger_sql import ENTRY
from adapters.sqlite.ledger_writes import Writes
from adapters.sqlite.moments import to_micros
from schemas.job import Job
from sender.digests import LEAVES_ITS_DIGEST, HeldJob, digests, release_reports, unbundled_report
from sender.entries import Entry, Report, recipient_of
from sender.states import FINISHED
from sender.storm import StormEnd, StormPolicy, saved_at

JOIN_STORM: Final = "UPDATE storms SET joined = MAX(joined, :now) WHERE recipient = :recipient"

COUNT_SAVES: Final = """
    SELECT COUNT(*) FROM (
        SELECT 1 FROM jobs WHERE recipient = :recipient AND saved_at > :after AND saved_at <= :saved_at LIMIT :limit
    )
"""

BEGIN_STORM: Final = "INSERT INTO storms (recipient, since, joined) VALUES (:recipient, :now, :now)"

STORM_THAT_IS_OVER: Final = """
    INSERT INTO storms (recipient, since, joined) SELECT recipient, 0, :now FROM jobs WHERE seq = :carrier
    ON CONFLICT (recipient) DO NOTHING
"""

OVER: Final = """
    SELECT recipient FROM storms WHERE joined <= :quiet_since
    UNION ALL SELECT recipient FROM storms WHERE since <= :storm_since AND +joined > :quiet_since
    LIMIT :limit
"""

END_STORM: Final = "DELETE FROM storms WHERE recipient = :recipient"

PRUNE_STORMS: Final = "DELETE FROM storms WHERE joined <= :before"

IN_STORM: Final = """
    SELECT id, attempt, lane, seq FROM jobs WHERE recipient = :recipient AND hold = 'storm' ORDER BY seq
"""

OTHERS_IN_LANES: Final = """
    SELECT lane, seq FROM jobs
    WHERE in_lane = 1 AND NOT (recipient = :recipient AND hold IS 'storm')
        AND lane IN (SELECT lane FROM jobs WHERE recipient = :recipient AND hold = 'storm')
"""

_CARRIER: Final = "(SELECT seq FROM jobs WHERE id = :carrier)"

BUNDLE: Final = f"{ENTRY} WHERE carrier = {_CARRIER} ORDER BY seq"

BUNDLED_IDS: Final = "SELECT id, attempt FROM jobs WHERE carrier = :carrier ORDER BY seq"

CARRIER_UNDER_WAY: Final = "SELECT 1 FROM jobs WHERE seq = :carrier AND lease_until IS NOT NULL"

DOUBT_BUNDLE: Final = "UPDATE jobs SET unknowns = unknowns + 1 WHERE carrier = :carrier"


def is_buried(writes: Writes, job: Job, storm: StormPolicy) -> bool:
    """Whether this new job comes in a storm, which it may have begun."""
    if storm.limit == 0:
        return False
    to = {"recipient": recipient_of(job), "now": writes.micros}
    if writes.connection.execute(JOIN_STORM, to).rowcount:
        return True
    saved = saved_at(job)
    window = {"after": to_micros(saved - storm.window), "saved_at": to_micros(saved), "limit": storm.limit}
    (earlier,) = writes.connection.execute(COUNT_SAVES, to | window).fetchone()
    if earlier < storm.limit:
        return False
    writes.connection.execute(BEGIN_STORM, to)
    return True


def end_storms(writes: Writes, storm: StormPolicy, limit: int) -> int:
    """See sender.ledger.Ledger."""
    over = {
        "quiet_since": to_micros(writes.now - storm.quiet),
        "storm_since": to_micros(writes.now - storm.longest),
        "limit": limit,
    }
    recipients = [row["recipient"] for row in writes.connection.execute(OVER, over).fetchall()]
    for recipient in recipients:
        writes.connection.execute(END_STORM, {"recipient": recipient})
        if storm.end is StormEnd.DIGEST:
            _let_go(writes, {"recipient": recipient}, storm.digest_size)
    return len(recipients)


def _let_go(writes: Writes, recipient: dict[str, Any], size: int) -> None:
    found = writes.connection.execute(IN_STORM, recipient).fetchall()
    held = [HeldJob(row["id"], row["attempt"], row["lane"], row["seq"]) for row in found]
    others = [(row["lane"], row["seq"]) for row in writes.connection.execute(OTHERS_IN_LANES, recipient).fetchall()]
    for group in digests(held, others, size):
        first, *rest = release_reports(group, writes.now)
        carrier = _move(writes, first)
        for report in rest:
            _move(writes, report, carrier)


def _move(writes: Writes, report: Report, carrier: sqlite3.Row | None = None) -> sqlite3.Row:
    row = writes.find(report.job)
    if row is None or writes.move(row, report, carrier) is None:
        raise RuntimeError(f"job {report.job} can't be {report.transition.value}: the ledger is damaged")
    return row


def is_under_way(writes: Writes, row: sqlite3.Row) -> bool:
    """Whether the digest that lists this job is just being sent: then it can't be changed apart from it."""
    if row["carrier"] is None:
        return False
    return writes.connection.execute(CARRIER_UNDER_WAY, {"carrier": row["carrier"]}).fetchone() is not None


def follow_carrier(writes: Writes, row: sqlite3.Row, carrier: Entry, report: Report) -> None:
    """The jobs of a digest end as their carrier ends, and may have arrived where it may."""
    of = {"carrier": row["seq"]}
    if carrier.standing.unknowns > row["unknowns"]:
        writes.connection.execute(DOUBT_BUNDLE, of)
    if report.transition in LEAVES_ITS_DIGEST:
        _regroup(writes, row)
        return
    if carrier.standing.state not in FINISHED:
        return
    for one in writes.connection.execute(BUNDLED_IDS, of).fetchall():
        _move(writes, Report(one["id"], one["attempt"], report.transition, code=report.code, text=report.text))


def _regroup(writes: Writes, row: sqlite3.Row) -> None:
    """Hold again what was bundled with this carrier, by a storm that is over."""
    bundled = writes.connection.execute(BUNDLED_IDS, {"carrier": row["seq"]}).fetchall()
    for one in bundled:
        _move(writes, unbundled_report(one["id"], one["attempt"]))
    if bundled:
        writes.connection.execute(STORM_THAT_IS_OVER, {"carrier": row["seq"], "now": writes.micros})
