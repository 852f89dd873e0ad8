"""The sender's ledger in a SQLite file (see sender.ledger for what it promises)."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.sqlite import ledger_jobs, ledger_lists, ledger_storms, ledger_suppressions
from adapters.sqlite import ledger_sql as sql
from adapters.sqlite.database import BUSY_TIMEOUT, DatabaseError, open_database, reading, transaction
from adapters.sqlite.ledger_rows import change_of, entry_of
from adapters.sqlite.ledger_writes import Writes
from adapters.sqlite.moments import from_micros, to_micros
from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.log import NewRecord
from sender.entries import Admission, Change, Entry, Listed, Report, Selection
from sender.ledger import LedgerUnavailableError, Outbound, Pause, Retention
from sender.states import FINISHED, State
from sender.storm import NO_STORMS, StormPolicy


class SqliteLedger:
    """One connection to the file. It may be shared between threads, which then take turns."""

    def __init__(self, path: Path, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self._turn = threading.Lock()
        with _as_ledger_errors():
            self._connection = open_database(path, busy_timeout)
        self._connection.row_factory = sqlite3.Row

    def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
        """See sender.ledger.Ledger."""
        with self._writes(now) as writes:
            return [ledger_jobs.accept(writes, job, storm) for job in jobs]

    def claim(self, now: datetime, limit: int, lease: timedelta, avoid: Collection[str] = frozenset()) -> list[Entry]:
        """See sender.ledger.Ledger."""
        statement, domains = (sql.DUE_ELSEWHERE, {"avoid": json.dumps(list(avoid))}) if avoid else (sql.DUE, {})
        with self._writes(now) as writes:
            rows = writes.connection.execute(statement, {"now": writes.micros, "limit": limit} | domains).fetchall()
            return [ledger_jobs.claim(writes, row, now + lease) for row in rows]

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(sql.LAPSED, {"now": to_micros(now), "limit": limit})]

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(sql.OVERDUE, {"now": to_micros(now), "limit": limit})]

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        """See sender.ledger.Ledger."""
        with self._writes(now) as writes:
            return [report for report in reports if not ledger_jobs.record(writes, report)]

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        """See sender.ledger.Ledger."""
        with self._writes(now) as writes:
            return ledger_storms.end_storms(writes, storm, limit)

    def bundle(self, carrier: str) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(ledger_storms.BUNDLE, {"carrier": carrier})]

    def find(self, job: str) -> Entry | None:
        """See sender.ledger.Ledger."""
        rows = self._read(sql.FIND, {"id": job})
        return entry_of(rows[0]) if rows else None

    def history(self, job: str) -> list[Change]:
        """See sender.ledger.Ledger."""
        return [change_of(row) for row in self._read(sql.HISTORY, {"id": job})]

    def list(self, selection: Selection, limit: int, before: str | None = None) -> list[Listed]:
        """See sender.ledger.Ledger."""
        with self._reading() as connection:
            return ledger_lists.listed(connection, selection, limit, before)

    def counts(self) -> dict[State, int]:
        """See sender.ledger.Ledger."""
        found = {row["state"]: row["jobs"] for row in self._read(sql.COUNTS)}
        return {state: found.get(state, 0) for state in State}

    def oldest(self) -> dict[State, datetime]:
        """See sender.ledger.Ledger."""
        open_states = [state for state in State if state not in FINISHED]
        found = {state: self._read(sql.OLDEST, {"state": state.value})[0][0] for state in open_states}
        return {state: from_micros(moment) for state, moment in found.items() if moment is not None}

    def next_due(self) -> datetime | None:
        """See sender.ledger.Ledger."""
        moments = [self._read(statement)[0][0] for statement in sql.NEXT_DUE]
        return min((from_micros(moment) for moment in moments if moment is not None), default=None)

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        """See sender.ledger.Ledger."""
        with self._writes(now) as writes:
            return sum(ledger_suppressions.suppress(writes, record) for record in records)

    def lift(self, suppression: str, now: datetime) -> bool:
        """See sender.ledger.Ledger."""
        with self._writes(now) as writes:
            return ledger_suppressions.lift(writes, suppression)

    def suppressions(self, limit: int, after: str = "") -> Sequence[SuppressionRecord]:
        """See sender.ledger.Ledger."""
        rows = self._read(ledger_suppressions.SUPPRESSIONS, {"after": after, "limit": limit})
        return [ledger_suppressions.suppression_of(row) for row in rows]

    def suppressing(self, entry: Entry, now: datetime) -> SuppressionRecord | None:
        """See sender.ledger.Ledger."""
        with self._reading() as connection:
            return ledger_suppressions.suppressing(connection, entry, now)

    def pause(self, pause: Pause) -> None:
        """See sender.ledger.Ledger."""
        with self._transaction() as connection:
            ledger_suppressions.pause(connection, pause)

    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        """See sender.ledger.Ledger."""
        with self._writes(now) as writes:
            return ledger_suppressions.resume(writes, customer, template)

    def pauses(self) -> Sequence[Pause]:
        """See sender.ledger.Ledger."""
        with self._reading() as connection:
            return ledger_suppressions.pauses(connection)

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """See sender.ledger.Ledger. The file has one sender, since it locks its folder: so it has one publisher."""
        rows = self._read(sql.OUTBOX, {"limit": limit})
        return [Outbound(row["id"], NewRecord(row["topic"], row["key"], row["value"])) for row in rows]

    def published(self, ids: Sequence[int]) -> None:
        """See sender.ledger.Ledger."""
        with self._transaction() as connection:
            connection.executemany(sql.FORGET_OUTBOX, [(one,) for one in ids])

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """See sender.ledger.Ledger."""
        finished = {"before": to_micros(now - retention.finished), "limit": limit}
        once = {"before": to_micros(now - retention.once), "limit": limit}
        with self._transaction() as connection:
            jobs = connection.execute(sql.PRUNE_JOBS, finished).rowcount
            connection.execute(ledger_storms.PRUNE_STORMS, {"before": finished["before"]})
            return jobs + connection.execute(sql.PRUNE_KEYS, once).rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def _writes(self, now: datetime) -> Iterator[Writes]:
        with self._transaction() as connection:
            writes = Writes(connection, now)
            yield writes
            writes.finish()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, _as_ledger_errors(), transaction(self._connection) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._turn, _as_ledger_errors(), reading(self._connection) as connection:
            yield connection

    def _read(self, statement: str, values: Mapping[str, Any] | None = None) -> Sequence[sqlite3.Row]:
        with self._reading() as connection:
            return connection.execute(statement, values or {}).fetchall()


@contextmanager
def _as_ledger_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise LedgerUnavailableError(error.code, str(error)) from error
