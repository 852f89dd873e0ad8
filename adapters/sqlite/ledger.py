"""The sender's ledger in a SQLite file (see sender.ledger for what it promises)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from adapters.sqlite import ledger_sql as sql
from adapters.sqlite.database import (
    BUSY_TIMEOUT,
    DatabaseError,
    from_micros,
    open_database,
    reading,
    to_micros,
    transaction,
)
from adapters.sqlite.ledger_rows import change_of, entry_of, standing_columns, standing_of
from schemas.job import Job
from sender.entries import BEGINNINGS, Admission, Change, Entry, Report, admission_of, lane_of
from sender.ledger import LedgerUnavailableError, Retention
from sender.states import FINISHED, Standing, State, Transition, begin, step


class SqliteLedger:
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._turn = threading.Lock()
        with _as_ledger_errors():
            self._connection = open_database(path, busy_timeout)
        self._connection.row_factory = sqlite3.Row

    def accept(self, jobs: Sequence[Job], now: datetime) -> list[Admission]:
        """See sender.ledger.Ledger."""
        with self._transaction() as connection:
            return [_accept(connection, job, now) for job in jobs]

    def claim(self, now: datetime, limit: int, lease: timedelta) -> list[Entry]:
        """See sender.ledger.Ledger."""
        with self._transaction() as connection:
            rows = connection.execute(sql.DUE, {"now": to_micros(now), "limit": limit}).fetchall()
            return [_claim(connection, row, now, now + lease) for row in rows]

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(sql.LAPSED, {"now": to_micros(now), "limit": limit})]

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(sql.OVERDUE, {"now": to_micros(now), "limit": limit})]

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        """See sender.ledger.Ledger."""
        with self._transaction() as connection:
            return [report for report in reports if not _record(connection, report, now)]

    def find(self, job: str) -> Entry | None:
        """See sender.ledger.Ledger."""
        rows = self._read(sql.FIND, {"id": job})
        return entry_of(rows[0]) if rows else None

    def history(self, job: str) -> list[Change]:
        """See sender.ledger.Ledger."""
        return [change_of(row) for row in self._read(sql.HISTORY, {"id": job})]

    def counts(self) -> dict[State, int]:
        """See sender.ledger.Ledger."""
        found = {row["state"]: row["jobs"] for row in self._read(sql.COUNTS)}
        return {state: found.get(state, 0) for state in State}

    def next_due(self) -> datetime | None:
        """See sender.ledger.Ledger."""
        moments = [self._read(statement)[0][0] for statement in sql.NEXT_DUE]
        return min((from_micros(moment) for moment in moments if moment is not None), default=None)

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """See sender.ledger.Ledger."""
        finished = {"before": to_micros(now - retention.finished), "limit": limit}
        once = {"before": to_micros(now - retention.once), "limit": limit}
        with self._transaction() as connection:
            jobs = connection.execute(sql.PRUNE_JOBS, finished).rowcount
            return jobs + connection.execute(sql.PRUNE_KEYS, once).rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, _as_ledger_errors(), transaction(self._connection) as connection:
            yield connection

    def _read(self, statement: str, values: Mapping[str, Any] | None = None) -> list[sqlite3.Row]:
        with self._turn, _as_ledger_errors(), reading(self._connection) as connection:
            rows: list[sqlite3.Row] = connection.execute(statement, values or {}).fetchall()
        return rows


@contextmanager
def _as_ledger_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise LedgerUnavailableError(error.code, str(error)) from error


def _accept(connection: sqlite3.Connection, job: Job, now: datetime) -> Admission:
    if connection.execute(sql.KNOWN, {"id": job.id}).fetchone():
        return Admission.DUPLICATE
    admission = admission_of(job, _claim_key(connection, job, now))
    transition = BEGINNINGS[admission]
    standing = begin(transition, now)
    values = {
        "id": job.id,
        "lane": lane_of(job),
        "expires": to_micros(job.expires),
        "diverted": admission is Admission.DIVERTED,
        "body": msgspec.json.encode(job),
    }
    seq = connection.execute(sql.INSERT_JOB, values | standing_columns(standing)).lastrowid
    _insert_change(connection, {"seq": seq}, standing, transition, now)
    return admission


def _claim_key(connection: sqlite3.Connection, job: Job, now: datetime) -> tuple[str, str] | None:
    """The event that holds the job's `once` key: its own where nobody had claimed it before."""
    if job.once is None:
        return None
    values = {"key": job.once, "source": job.source, "event": job.event, "now": to_micros(now)}
    (holder,) = connection.execute(sql.CLAIM_KEY, values).fetchall()
    return holder["source"], holder["event"]


def _claim(connection: sqlite3.Connection, row: sqlite3.Row, now: datetime, lease_until: datetime) -> Entry:
    entry = entry_of(row)
    standing = step(entry.standing, Transition.CLAIMED, lease_until)
    if standing is None:
        raise RuntimeError(f"job {entry.job.id} is due in state {entry.standing.state.value}: the ledger is damaged")
    _move(connection, row, standing)
    _insert_change(connection, {"seq": row["seq"]}, standing, Transition.CLAIMED, now)
    return Entry(entry.job, entry.diverted, standing)


def _record(connection: sqlite3.Connection, report: Report, now: datetime) -> bool:
    row = connection.execute(sql.FIND, {"id": report.job}).fetchone()
    before = None if row is None else standing_of(row)
    if before is None or before.attempt != report.attempt:
        return False
    standing = step(before, report.transition, report.until)
    if standing is None:
        return False
    _move(connection, row, standing)
    said = {"seq": row["seq"], "code": report.code, "text": report.text, "fault": report.fault}
    _insert_change(connection, said, standing, report.transition, now)
    return True


def _insert_change(
    connection: sqlite3.Connection, said: Mapping[str, Any], standing: Standing, transition: Transition, now: datetime
) -> None:
    silence = {"code": None, "text": None, "fault": None}
    values = {"now": to_micros(now), "transition": transition.value}
    connection.execute(sql.INSERT_CHANGE, silence | values | standing_columns(standing) | dict(said))


def _move(connection: sqlite3.Connection, row: sqlite3.Row, standing: Standing) -> None:
    """Write the new standing. Where the job was finished or opened again, its lane may have another oldest open job."""
    connection.execute(sql.UPDATE_STANDING, {"seq": row["seq"]} | standing_columns(standing))
    if (standing.state in FINISHED) != (standing_of(row).state in FINISHED):
        lane = {"lane": row["lane"]}
        connection.execute(sql.DEMOTE, lane)
        connection.execute(sql.PROMOTE, lane)
