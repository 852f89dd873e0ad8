"""Schedules: what was held until now goes out, in digests or message by message."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.storms import held_of, let_go
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from schemas.job import JOB_DECODER
from sender.states import Hold
from sender.storms.digests import Over
from sender.storms.scheduled import due_groups
from sender.storms.storm import StormPolicy

DUE_RECIPIENTS: Final = """
    SELECT DISTINCT due, recipient FROM jobs
    WHERE hold IN ('digest', 'quiet') AND due <= :now ORDER BY due, recipient LIMIT :limit
"""

ONE_DUE: Final = (
    "SELECT body FROM jobs WHERE recipient = :recipient AND due = :due AND hold IN ('digest', 'quiet') LIMIT 1"
)

ALL_DUE: Final = """
    SELECT id, attempt, lane, seq, person, hold FROM jobs
    WHERE recipient = :recipient AND due = :due AND hold IN ('digest', 'quiet') ORDER BY seq
"""

OTHERS_IN_LANES: Final = """
    SELECT lane, seq FROM jobs WHERE in_lane = 1 AND lane IN (
        SELECT lane FROM jobs WHERE recipient = :recipient AND due = :due AND hold IN ('digest', 'quiet')
    )
"""


class SqlSchedules(SqlTransactions):
    """The part of sender.ledger.storms.Storms that is about schedules."""

    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        """See sender.ledger.storms.Storms."""
        return self._write(now, lambda writes: _end_all(writes, storm, limit))


def _end_all(writes: Writes, storm: StormPolicy, limit: int) -> int:
    found = writes.session.rows(DUE_RECIPIENTS, {"now": to_micros(writes.now), "limit": limit})
    # Of one recipient the earliest moment: what is due later goes out behind it.
    moments = {row["recipient"]: row["due"] for row in reversed(found)}
    wanted = [{"recipient": recipient, "due": due} for recipient, due in moments.items()]
    bodies = writes.session.rows_of_each(ONE_DUE, wanted)
    writes.session.reserve(names.of_mailbox(JOB_DECODER.decode(row["body"])) for rows in bodies for row in rows)
    return sum(_end(writes, one, storm) for one in wanted)


def _end(writes: Writes, wanted: dict[str, object], storm: StormPolicy) -> bool:
    """Let go what is due of one recipient, where nobody else has."""
    due = [(Hold(row["hold"]), held_of(row)) for row in writes.session.rows(ALL_DUE, wanted)]
    others = [(row["lane"], row["seq"]) for row in writes.session.rows(OTHERS_IN_LANES, wanted)] if due else []
    let_go(writes, due_groups(due, others, storm.digest_size, storm.limit), Over.SCHEDULE)
    return bool(due)
