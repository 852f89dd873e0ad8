"""What keeps due jobs back, as senders tell their ledger of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Session
from adapters.sql_ledger.transactions import SqlTransactions
from sender.ledger.waits import TOLD_FOR, Wait

FORGET: Final = "DELETE FROM waits WHERE owner = :owner OR told < :stale"
INSERT: Final = "INSERT INTO waits (owner, name, until, told) VALUES (:owner, :name, :until, :told)"
WAITS: Final = "SELECT name, MAX(until) AS until FROM waits WHERE told >= :stale GROUP BY name"


class SqlWaits(SqlTransactions):
    """See sender.ledger.waits.Waits."""

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        """See sender.ledger.waits.Waits."""
        told = {"owner": self._owner, "told": to_micros(now)}
        rows = [told | {"name": one.name, "until": to_micros(one.until)} for one in waits]

        def work(session: Session) -> None:
            session.run(FORGET, {"owner": told["owner"], "stale": to_micros(now - TOLD_FOR)})
            session.run_each(INSERT, rows)

        self._transact(work)

    def waits(self, now: datetime) -> Sequence[Wait]:
        """See sender.ledger.waits.Waits."""
        rows = self._read(WAITS, {"stale": to_micros(now - TOLD_FOR)})
        return sorted((Wait(from_micros(row["until"]), row["name"]) for row in rows), reverse=True)
