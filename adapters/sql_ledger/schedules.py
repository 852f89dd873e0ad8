"""Schedules: what was held until now goes out, in digests or message by message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row
from adapters.sql_ledger.storms import ahead_of, held_of, let_go
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from schemas.job import JOB_DECODER
from sender.records import LedgerEntry, reader_of, recipient_of
from sender.states import Hold
from sender.storms.digests import Over
from sender.storms.scheduled import BEHIND, COMPANY, Due, OlderDigest, back_report, due_groups, is_back, waiting_behind
from sender.storms.storm import StormPolicy

DUE_RECIPIENTS: Final = """
    SELECT DISTINCT due, recipient FROM jobs
    WHERE hold IN ('digest', 'quiet') AND due <= :now ORDER BY due, recipient LIMIT :limit
"""

ONE_DUE: Final = (
    "SELECT body FROM jobs WHERE recipient = :recipient AND due <= :now AND hold IN ('digest', 'quiet') LIMIT 1"
)

ALL_DUE: Final = """
    SELECT id, attempt, lane, seq, person, domain, hold, expires FROM jobs
    WHERE recipient = :recipient AND due <= :now AND hold IN ('digest', 'quiet')
"""

OLDER_DIGESTS: Final = """
    SELECT person, accepted, due, attempt FROM jobs
    WHERE recipient = :recipient AND digest = 1 AND open = 1 AND state = 'queued' AND unknowns = 0
"""

COLLECT_FURTHER: Final = "UPDATE jobs SET due = :due WHERE id = :id AND hold = 'digest'"

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
    if not found:
        return False
    behind = _collect_further(writes, wanted, found)
    due = [(Hold(row["hold"]), held_of(row)) for row in found if row["id"] not in behind]
    others, size = map(ahead_of, writes.session.rows(OTHERS_IN_LANES, wanted)), storm.size_for(found[0]["domain"])
    let_go(writes, due_groups(due, others, size, storm.limit), Over.SCHEDULE)
    return True


def _collect_further(writes: Writes, wanted: dict[str, object], found: Sequence[Row]) -> set[str]:
    """Let what waits behind an older digest be due later; gives the ids of these jobs."""
    older = [
        OlderDigest(reader_of(row["person"]), from_micros(row["accepted"]), from_micros(row["due"]), row["attempt"])
        for row in writes.session.rows(OLDER_DIGESTS, {"recipient": wanted["recipient"]})
    ]
    if not older:
        return set()
    due = [Due(Hold(row["hold"]), held_of(row), from_micros(row["expires"])) for row in found]
    behind = {one.job for one in waiting_behind(due, older, writes.now)}
    writes.session.run_each(COLLECT_FURTHER, [{"id": one, "due": to_micros(writes.now + BEHIND)} for one in behind])
    return behind


def next_due(writes: Writes, entry: LedgerEntry) -> datetime | None:
    """See sender.storms.scheduled.NextDue."""
    of = {"recipient": recipient_of(entry.job), "now": writes.micros, "company": to_micros(writes.now + COMPANY)}
    (found,) = writes.session.rows(NEXT_DUE, of)
    return None if found["moment"] is None else from_micros(found["moment"])


def bring_back(writes: Writes, before: Row, entry: LedgerEntry) -> None:
    """See that a job that was let go (it stood as in the row) goes out with those with which it is to come."""
    hold = None if before["hold"] is None else Hold(before["hold"])
    back = is_back(hold, bool(before["open"]))
    report = back_report(
        back, entry, writes.now, lambda: next_due(writes, entry), lambda: _was_listed(writes, before["seq"])
    )
    row = None if report is None else writes.find(report.job)
    if report is not None and row is not None:
        writes.move(row, report)


def _was_listed(writes: Writes, seq: int) -> bool:
    (found,) = writes.session.rows(WAS_LISTED, {"seq": seq})
    return bool(found["listed"])
