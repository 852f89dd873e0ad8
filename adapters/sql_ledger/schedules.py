"""Schedules: what was held until now goes out, in digests or message by message."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row
from adapters.sql_ledger.storms import ahead_of, held_of, let_go
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from schemas.job import JOB_DECODER
from sender.records import LedgerEntry, recipient_of
from sender.states import Hold
from sender.storms.digests import Over
from sender.storms.scheduled import COMPANY, back_report, due_groups
from sender.storms.storm import StormPolicy

DUE_RECIPIENTS: Final = """
    SELECT DISTINCT due, recipient FROM jobs
    WHERE hold IN ('digest', 'quiet') AND due <= :now ORDER BY due, recipient LIMIT :limit
"""

ONE_DUE: Final = (
    "SELECT body FROM jobs WHERE recipient = :recipient AND due <= :now AND hold IN ('digest', 'quiet') LIMIT 1"
)

ALL_DUE: Final = """
    SELECT id, attempt, lane, seq, person, hold FROM jobs
    WHERE recipient = :recipient AND due <= :now AND hold IN ('digest', 'quiet')
"""

NEXT_DUE: Final = """
    SELECT MIN(due) AS moment FROM jobs
    WHERE recipient = :recipient AND due > :now AND due <= :company AND hold IN ('digest', 'quiet')
"""

WAS_LISTED: Final = """
    SELECT EXISTS (SELECT 1 FROM job_changes WHERE job = :seq AND transition IN ('bundled', 'carries')) AS listed
"""

OTHERS_IN_LANES: Final = """
    SELECT lane, seq, CASE WHEN saved_at IS NOT NULL THEN NULL WHEN digest = 1 THEN seq ELSE carrier END AS digest
    FROM jobs WHERE in_lane = 1 AND lane IN (
        SELECT lane FROM jobs WHERE recipient = :recipient AND due <= :now AND hold IN ('digest', 'quiet')
    )
"""


class SqlSchedules(SqlTransactions):
    """The part of sender.ledger.storms.Storms that is about schedules."""

    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        """See sender.ledger.storms.Storms."""
        return self._write(now, lambda writes: _end_all(writes, storm, limit))


def _end_all(writes: Writes, storm: StormPolicy, limit: int) -> int:
    found = writes.session.rows(DUE_RECIPIENTS, {"now": writes.micros, "limit": limit})
    recipients = dict.fromkeys(row["recipient"] for row in found)
    wanted = [{"recipient": recipient, "now": writes.micros} for recipient in recipients]
    bodies = writes.session.rows_of_each(ONE_DUE, wanted)
    writes.session.reserve(names.of_mailbox(JOB_DECODER.decode(row["body"])) for rows in bodies for row in rows)
    # Where another sender has just let go what there was, the mailbox is not reserved. What comes now waits.
    return sum(_end(writes, one, storm) for one, rows in zip(wanted, bodies, strict=True) if rows)


def _end(writes: Writes, wanted: dict[str, object], storm: StormPolicy) -> bool:
    """Let go what is due of one recipient, where nobody else has."""
    found = sorted(writes.session.rows(ALL_DUE, wanted), key=lambda row: row["seq"])
    due = [(Hold(row["hold"]), held_of(row)) for row in found]
    others = map(ahead_of, writes.session.rows(OTHERS_IN_LANES, wanted) if due else ())
    let_go(writes, due_groups(due, others, storm.digest_size, storm.limit), Over.SCHEDULE)
    return bool(due)


def next_due(writes: Writes, entry: LedgerEntry) -> datetime | None:
    """See sender.storms.scheduled.NextDue."""
    of = {"recipient": recipient_of(entry.job), "now": writes.micros, "company": to_micros(writes.now + COMPANY)}
    (found,) = writes.session.rows(NEXT_DUE, of)
    return None if found["moment"] is None else from_micros(found["moment"])


def bring_back(writes: Writes, before: Row, entry: LedgerEntry) -> None:
    """See that a job that was let go (it stood as in the row) goes out with those with which it is to come."""
    hold = None if before["hold"] is None else Hold(before["hold"])
    report = back_report(
        hold, entry, writes.now, lambda: next_due(writes, entry), lambda: _was_listed(writes, before["seq"])
    )
    row = None if report is None else writes.find(report.job)
    if report is not None and row is not None:
        writes.move(row, report)


def _was_listed(writes: Writes, seq: int) -> bool:
    (found,) = writes.session.rows(WAS_LISTED, {"seq": seq})
    return bool(found["listed"])
