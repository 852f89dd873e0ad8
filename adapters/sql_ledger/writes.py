"""One transaction of the ledger: how a job moves, and what is written down of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from adapters.sql_ledger import statements as sql
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.rows import entry_of, standing_columns
from adapters.sql_ledger.session import Row, Session
from schemas.log import NewRecord
from sender.ledger.outbox import outcome_record
from sender.records import Change, LedgerEntry, Report
from sender.states import FINISHED, SCHEDULED, step


class Writes:
    """A transaction at `now`.

    Where the database is far away, a call costs as much as it waits for answers. So what will be needed is looked up
    together, and changes and outbox records are put down together at the end. `known` are ids of jobs, `holders` the
    events that hold a `once` key.
    """

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.micros = to_micros(now)
        self.known: set[str] = set()
        self.holders: dict[str, tuple[str, str]] = {}
        self._found: dict[str, Row] = {}
        self._changes: list[dict[str, Any]] = []
        self._records: list[dict[str, Any]] = []

    def look_up_known(self, ids: Sequence[str]) -> None:
        """Find out which of these jobs are known."""
        found = self.session.rows_of_each(sql.KNOWN, [{"id": one} for one in ids])
        self.known = {one for one, rows in zip(ids, found, strict=True) if rows}

    def look_up(self, ids: Sequence[str]) -> None:
        """Find these jobs, for `find` to give back. No other transaction changes them before this one ends."""
        found = self.session.rows_of_each(sql.FIND_TO_CHANGE, [{"id": one} for one in ids])
        self._found = {one: rows[0] for one, rows in zip(ids, found, strict=True) if rows}

    def forget_found(self) -> None:
        """Look jobs up anew, since some were changed."""
        self._found = {}

    def find(self, job: str) -> Row | None:
        """The row of this job, which no other transaction changes before this one ends."""
        if job in self._found:
            return self._found[job]
        rows = self.session.rows(sql.FIND_TO_CHANGE, {"id": job})
        return rows[0] if rows else None

    def move(self, row: Row, report: Report, carrier: Row | None = None) -> LedgerEntry | None:
        """Change a job as the report says; the entry after it, or None where the table of states has no such way.

        `carrier` is the row of the job with which this one is bundled.
        """
        before = entry_of(row)
        standing = step(before.standing, report.transition, report.until, report.hold, report.owner)
        if standing is None:
            return None
        is_open = int(standing.state not in FINISHED)
        is_away = standing.hold in SCHEDULED or (carrier is not None and carrier["lane"] == row["lane"])
        in_lane = int(is_open and not is_away)
        moving = in_lane != row["in_lane"]
        values = {"seq": row["seq"], "now": self.micros} | standing_columns(standing)
        if moving or is_open != row["open"] or carrier or row["carrier"]:
            place = {"carrier": carrier and carrier["seq"], "open": is_open, "in_lane": in_lane}
            self.session.run(sql.UPDATE_PLACE, values | place)
        else:
            self.session.run(sql.UPDATE_STANDING, values)
        self._found.pop(report.job, None)
        if moving:
            self._choose_head(row["lane"], entered=bool(in_lane))
        entry = LedgerEntry(before.job, before.diverted, standing)
        self.write_down(entry, report)
        return entry

    def write_down(self, entry: LedgerEntry, report: Report) -> None:
        """Keep a change of a job, after which it stands as in the entry, and tell of it."""
        standing = entry.standing
        change = Change(
            sequence=standing.changes,
            at=self.now,
            transition=report.transition,
            state=standing.state,
            attempt=standing.attempt,
            code=report.code,
            text=report.text,
            fault=report.fault,
        )
        self._changes.append(asdict(change) | {"id": report.job, "at": self.micros})
        record = outcome_record(entry, change)
        if record is not None:
            self.tell(record)

    def tell(self, record: NewRecord) -> None:
        """Put a record into the outbox."""
        self._records.append({"topic": record.topic, "key": record.key, "value": record.value})

    def finish(self) -> None:
        """Put down what was kept back so far."""
        self.session.run_each(sql.INSERT_CHANGE, self._changes)
        self.session.run_each(sql.INSERT_OUTBOX, self._records)

    def _choose_head(self, lane: str, *, entered: bool) -> None:
        """Where a job entered or left its lane, the lane may have another oldest one."""
        if entered:
            self.session.run(sql.DEMOTE, {"lane": lane})
        self.session.run(sql.PROMOTE, {"lane": lane})
