"""The ledger in any relational database: all of its parts, which lie in the modules beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapters.sql_ledger import statements as sql
from adapters.sql_ledger.forgetting import SqlForgottenPeople
from adapters.sql_ledger.jobs import SqlJobQueue
from adapters.sql_ledger.listing import SqlJobListing
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.pauses import SqlPauses
from adapters.sql_ledger.schedules import SqlSchedules
from adapters.sql_ledger.session import Row
from adapters.sql_ledger.storms import PRUNE_STORMS, SqlStorms
from adapters.sql_ledger.suppressions import SqlSuppressions, prune_suppressions
from adapters.sql_ledger.waits import SqlWaits
from adapters.sql_ledger.writes import Writes
from schemas.log import NewRecord
from sender.ledger.outbox import Outbound
from sender.ledger.port import Retention


class SqlLedger(
    SqlJobQueue, SqlJobListing, SqlStorms, SqlSchedules, SqlSuppressions, SqlPauses, SqlWaits, SqlForgottenPeople
):
    """See sender.ledger.port.Ledger. An adapter adds how a transaction is made (see SqlTransactions)."""

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """See sender.ledger.outbox.Outbox."""
        return outbound(self._read(sql.OUTBOX, {"limit": limit}))

    def published(self, ids: Sequence[int]) -> None:
        """See sender.ledger.outbox.Outbox."""
        self._transact(lambda session: session.run_each(sql.FORGET_OUTBOX, [{"id": one} for one in ids]))

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """See sender.ledger.port.Ledger."""
        finished = {"before": to_micros(now - retention.finished), "limit": limit}
        once = {"before": to_micros(now - retention.once), "limit": limit}

        def work(writes: Writes) -> int:
            session = writes.session
            ended = prune_suppressions(writes, now - retention.finished, limit)
            pruned = len(session.rows(sql.PRUNE_JOBS, finished)) + len(session.rows(sql.PRUNE_KEYS, once))
            session.run(PRUNE_STORMS, {"before": finished["before"]})
            return ended + pruned

        return self._write(now, work)


def outbound(rows: Sequence[Row]) -> Sequence[Outbound]:
    """The records in rows of the outbox."""
    return [Outbound(row["id"], NewRecord(row["topic"], row["key"], row["value"])) for row in rows]
