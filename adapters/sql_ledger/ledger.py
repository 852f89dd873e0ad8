"""The ledger in any relational database (see sender.ledger for what it promises): each call is one transaction."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeVar

from adapters.sql_ledger import forgotten as forgotten_in
from adapters.sql_ledger import jobs as jobs_in
from adapters.sql_ledger import lists, names, storms, suppressions
from adapters.sql_ledger import statements as sql
from adapters.sql_ledger import waits as waits_in
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.rows import change_of, entry_of
from adapters.sql_ledger.session import Row, Session, Values
from adapters.sql_ledger.writes import Writes
from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.log import NewRecord
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from sender.ledger.claimable import ANY, Claimable
from sender.ledger.port import Outbound, Pause, Retention
from sender.ledger.waits import Wait
from sender.privacy.forgetting import Blanked, Forgetting, Forgotten
from sender.records import Admission, Change, Entry, Listed, Report, Selection
from sender.states import FINISHED, State
from sender.storms.storm import NO_STORMS, StormPolicy

T = TypeVar("T")


class SqlLedger(ABC):
    """An adapter says how a transaction is made, and how rows are read outside of one."""

    @abstractmethod
    def _transact(self, work: Callable[[Session], T]) -> T:
        """Do the work durably, or not at all. It may be done again from its beginning, after it was undone."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """A session for statements that change nothing, each by itself."""

    @property
    @abstractmethod
    def _owner(self) -> str:
        """The name by which this ledger claims, by no other ever used. Raises LedgerUnavailableError."""

    @abstractmethod
    def _gone(self, owners: Sequence[str], now: datetime) -> Sequence[str]:
        """Those of these names whose ledgers are known to be gone."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
        """See sender.ledger.Ledger."""

        def work(writes: Writes) -> list[Admission]:
            writes.session.reserve(names.of_jobs(jobs))
            writes.look_up_known([job.id for job in jobs])
            return [jobs_in.accept(writes, job, storm) for job in jobs]

        return self._write(now, work)

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[Entry]:
        """See sender.ledger.Ledger."""
        owner = self._owner
        return self._write(now, lambda writes: jobs_in.claim_due(writes, limit, now + lease, owner, which))

    def hand_over(self, claims: Sequence[Entry]) -> Collection[str]:
        """See sender.ledger.Ledger."""
        values = [{"id": one.job.id, "attempt": one.standing.attempt} for one in claims]
        found = self._transact(lambda session: session.rows_of_each(sql.HAND_OVER, values))
        return {one.job.id for one, rows in zip(claims, found, strict=True) if rows}

    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> list[Entry]:
        """See sender.ledger.Ledger."""
        owner = self._owner
        owners = {row["owner"] for row in self._read(sql.OWNERS, {})}
        if not owners:
            return []
        gone = self._gone(sorted(owners - {owner}), now)
        lists = {"gone": json.dumps(list(gone)), "under_way": json.dumps(list(under_way))}
        return [entry_of(row) for row in self._read(sql.ABANDONED, lists | {"owner": owner, "limit": limit})]

    def lapsed(self, now: datetime, limit: int) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(sql.LAPSED, {"now": to_micros(now), "limit": limit})]

    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(sql.OVERDUE, {"now": to_micros(now), "limit": limit})]

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        """See sender.ledger.Ledger."""

        def work(writes: Writes) -> list[Report]:
            writes.session.reserve(names.of_reports(writes.session, reports))
            writes.look_up([report.job for report in reports])
            return [report for report in reports if not jobs_in.record(writes, report)]

        return self._write(now, work)

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        """See sender.ledger.Ledger."""
        return self._write(now, lambda writes: storms.end_storms(writes, storm, limit))

    def bundle(self, carrier: str) -> list[Entry]:
        """See sender.ledger.Ledger."""
        return [entry_of(row) for row in self._read(storms.BUNDLE, {"carrier": carrier})]

    def find(self, job: str) -> Entry | None:
        """See sender.ledger.Ledger."""
        rows = self._read(sql.FIND, {"id": job})
        return entry_of(rows[0]) if rows else None

    def history(self, job: str) -> list[Change]:
        """See sender.ledger.Ledger."""
        return [change_of(row) for row in self._read(sql.HISTORY, {"id": job})]

    def list(self, selection: Selection, limit: int, before: str | None = None) -> list[Listed]:
        """See sender.ledger.Ledger."""
        with self._reading() as session:
            return lists.listed(session, selection, limit, before)

    def counts(self) -> dict[State, int]:
        """See sender.ledger.Ledger."""
        found = {row["state"]: row["jobs"] for row in self._read(sql.COUNTS, {})}
        return {state: found.get(state, 0) for state in State}

    def oldest(self) -> dict[State, datetime]:
        """See sender.ledger.Ledger."""
        open_states = [state for state in State if state not in FINISHED]
        found = {state: self._read(sql.OLDEST, {"state": state.value})[0]["moment"] for state in open_states}
        return {state: from_micros(moment) for state, moment in found.items() if moment is not None}

    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        """See sender.ledger.Ledger."""
        values = {"besides": json.dumps(list(besides))}
        moments = [self._read(sql.NEXT_TRY, values)[0]["moment"]]
        moments += [self._read(statement, {})[0]["moment"] for statement in sql.NEXT_END]
        return min((from_micros(moment) for moment in moments if moment is not None), default=None)

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        """See sender.ledger.Ledger."""
        return self._write(now, lambda writes: suppressions.suppress_all(writes, records))

    def lift(self, suppression: str, now: datetime) -> bool:
        """See sender.ledger.Ledger."""
        return self._write(now, lambda writes: suppressions.lift(writes, suppression))

    def suppressions(self, limit: int, after: str = "") -> Sequence[SuppressionRecord]:
        """See sender.ledger.Ledger."""
        rows = self._read(suppressions.SUPPRESSIONS, {"after": after, "limit": limit})
        return [suppressions.suppression_of(row) for row in rows]

    def suppressing(
        self, entry: Entry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        """See sender.ledger.Ledger."""
        with self._reading() as session:
            return suppressions.suppressing(session, entry, now, pseudonyms)

    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        """See sender.ledger.Ledger."""
        return self._transact(lambda session: forgotten_in.blank(session, forgetting, limit, after))

    def note_forgotten(self, one: Forgotten) -> None:
        """See sender.ledger.Ledger."""
        self._transact(lambda session: forgotten_in.note(session, one))

    def forgotten(self, limit: int) -> Sequence[Forgotten]:
        """See sender.ledger.Ledger."""
        with self._reading() as session:
            return forgotten_in.listed(session, limit)

    def pause(self, pause: Pause) -> None:
        """See sender.ledger.Ledger."""
        self._transact(lambda session: suppressions.pause(session, pause))

    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        """See sender.ledger.Ledger."""
        return self._write(now, lambda writes: suppressions.resume(writes, customer, template))

    def pauses(self) -> Sequence[Pause]:
        """See sender.ledger.Ledger."""
        with self._reading() as session:
            return suppressions.pauses(session)

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        """See sender.ledger.Ledger."""
        owner = self._owner
        self._transact(lambda session: waits_in.tell(session, owner, waits, now))

    def waits(self, now: datetime) -> Sequence[Wait]:
        """See sender.ledger.Ledger."""
        with self._reading() as session:
            return waits_in.waits(session, now)

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """See sender.ledger.Ledger."""
        return outbound(self._read(sql.OUTBOX, {"limit": limit}))

    def published(self, ids: Sequence[int]) -> None:
        """See sender.ledger.Ledger."""
        self._transact(lambda session: session.run_each(sql.FORGET_OUTBOX, [{"id": one} for one in ids]))

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """See sender.ledger.Ledger."""
        finished = {"before": to_micros(now - retention.finished), "limit": limit}
        once = {"before": to_micros(now - retention.once), "limit": limit}

        def work(writes: Writes) -> int:
            session = writes.session
            ended = suppressions.prune(writes, now - retention.finished, limit)
            pruned = len(session.rows(sql.PRUNE_JOBS, finished)) + len(session.rows(sql.PRUNE_KEYS, once))
            session.run(storms.PRUNE_STORMS, {"before": finished["before"]})
            return ended + pruned

        return self._write(now, work)

    def _write(self, now: datetime, work: Callable[[Writes], T]) -> T:
        def and_write_down(session: Session) -> T:
            writes = Writes(session, now)
            result = work(writes)
            writes.finish()
            return result

        return self._transact(and_write_down)

    def _read(self, statement: str, values: Values) -> Sequence[Row]:
        with self._reading() as session:
            return session.rows(statement, values)


def outbound(rows: Sequence[Row]) -> Sequence[Outbound]:
    """The records in rows of the outbox."""
    return [Outbound(row["id"], NewRecord(row["topic"], row["key"], row["value"])) for row in rows]
