"""One transaction of the ledger: how a job moves, and what is written down of it."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from adapters.sqlite import ledger_sql as sql
from adapters.sqlite.ledger_rows import entry_of, standing_columns
from adapters.sqlite.moments import to_micros
from schemas.log import NewRecord
from sender.entries import Change, Entry, Report
from sender.outcomes import outcome_record
from sender.states import FINISHED, step


class Writes:
    """A transaction at `now`. Changes and outbox records are put down together at its end: that is quicker."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.micros = to_micros(now)
        self._changes: list[tuple[Any, ...]] = []
        self._records: list[tuple[Any, ...]] = []

    def find(self, job: str) -> sqlite3.Row | None:
        """The row of this job."""
        row: sqlite3.Row | None = self.connection.execute(sql.FIND, {"id": job}).fetchone()
        return row

    def move(self, row: sqlite3.Row, report: Report, carrier: sqlite3.Row | None = None) -> Entry | None:
        """Change a job as the report says; the entry after it, or None where the table of states has no such way.

        `carrier` is the row of the job with which this one is bundled.
        """
        before = entry_of(row)
        standing = step(before.standing, report.transition, report.until, report.hold)
        if standing is None:
            return None
        is_open = standing.state not in FINISHED
        in_lane = is_open and (carrier is None or carrier["lane"] != row["lane"])
        moving = in_lane != row["in_lane"]
        values = {"seq": row["seq"], "now": self.micros} | standing_columns(standing)
        if moving or is_open != row["open"] or carrier or row["carrier"]:
            at = {"seq": row["seq"], "carrier": carrier and carrier["seq"], "open": is_open, "in_lane": in_lane}
            self.connection.execute(sql.UPDATE_LANE, at)
        self.connection.execute(sql.UPDATE_STANDING, values)
        if moving:
            self._choose_head(row["lane"])
        entry = Entry(before.job, before.diverted, standing)
        self.write_down(row["seq"], entry, report)
        return entry

    def write_down(self, seq: int, entry: Entry, report: Report) -> None:
        """Keep a change of a job, after which it stands as in the entry, and tell of it."""
        standing = entry.standing
        words = (report.code, report.text, report.fault)
        place = (report.transition, standing.state, standing.attempt)
        change = Change(standing.changes, self.now, *place, *words)
        self._changes.append((seq, standing.changes, self.micros, *place, *words))
        record = outcome_record(entry, change)
        if record is not None:
            self.tell(record)

    def tell(self, record: NewRecord) -> None:
        """Put a record into the outbox."""
        self._records.append((record.topic, record.key, record.value))

    def finish(self) -> None:
        """Put down what was kept back so far."""
        self.connection.executemany(sql.INSERT_CHANGE, self._changes)
        self.connection.executemany(sql.INSERT_OUTBOX, self._records)

    def _choose_head(self, lane: str) -> None:
        """Where a job entered or left its lane, the lane may have another oldest one."""
        self.connection.execute(sql.DEMOTE, {"lane": lane})
        self.connection.execute(sql.PROMOTE, {"lane": lane})
