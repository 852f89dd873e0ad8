"""What comes next for a job: what keeps it back, and the moment before which it is surely not tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sender.ledger.waits import Wait, waits_of
from sender.records import LedgerEntry
from sender.states import FINISHED, WAITING


def holding(entry: LedgerEntry, waits: Sequence[Wait]) -> list[Wait]:
    """What keeps a job back that is due: relay, domain or mailbox; the longest first."""
    return waits_of(entry.job, waits) if entry.standing.state in WAITING else []


def is_over(entry: LedgerEntry, now: datetime) -> bool:
    """Whether its time has ended, and no sender has seen to it yet."""
    return entry.standing.state not in FINISHED and entry.job.expires <= now


def next_try(entry: LedgerEntry, waits: Sequence[Wait], now: datetime) -> datetime | None:
    """The moment before which it is surely not tried. None where that is unknown or over, or no try is to come."""
    due = entry.standing.due
    if entry.standing.state not in WAITING or due is None or is_over(entry, now):
        return None
    # Both must be over: the job's own time, and what keeps it back.
    moment = max([due, *(one.until for one in holding(entry, waits))])
    return moment if moment > now else None
