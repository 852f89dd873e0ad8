"""What keeps due jobs back, as senders tell their ledger of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Session
from sender.ledger.waits import TOLD_FOR, Wait

FORGET: Final = "DELETE FROM waits WHERE owner = :owner OR told < :stale"
INSERT: Final = "INSERT INTO waits (owner, name, until, told) VALUES (:owner, :name, :until, :told)"
WAITS: Final = "SELECT name, MAX(until) AS until FROM waits WHERE told >= :stale GROUP BY name"


def tell(session: Session, owner: str, waits: Sequence[Wait], now: datetime) -> None:
    """See sender.ledger.Ledger."""
    session.run(FORGET, {"owner": owner, "stale": to_micros(now - TOLD_FOR)})
    told = {"owner": owner, "told": to_micros(now)}
    session.run_each(INSERT, [told | {"name": one.name, "until": to_micros(one.until)} for one in waits])


def waits(session: Session, now: datetime) -> list[Wait]:
    """See sender.ledger.Ledger."""
    rows = session.rows(WAITS, {"stale": to_micros(now - TOLD_FOR)})
    return sorted((Wait(from_micros(row["until"]), row["name"]) for row in rows), reverse=True)
