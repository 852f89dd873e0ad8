"""Pauses: the customers and templates for which nothing goes out for now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.schedules import bring_back
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from sender.ledger.restrictions import Pause
from sender.records import LedgerEntry, Report
from sender.states import Hold, Transition

PAUSE: Final = """
    INSERT INTO pauses (kind, name, since, reason) VALUES (:kind, :name, :since, :reason)
    ON CONFLICT (kind, name) DO NOTHING
"""

RESUME: Final = "DELETE FROM pauses WHERE kind = :kind AND name = :name RETURNING name"

PAUSES: Final = "SELECT kind, name, since, reason FROM pauses"

PAUSED: Final = """
    SELECT EXISTS (SELECT 1 FROM pauses WHERE kind = 'customer' AND name = :customer)
        OR EXISTS (SELECT 1 FROM pauses WHERE kind = 'template' AND name = :template) AS paused
"""

HELD_BY: Final = {
    "customer": """
        SELECT id, attempt FROM jobs WHERE hold = 'paused' AND customer = :name
            AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'template' AND name = template) ORDER BY seq
    """,
    "template": """
        SELECT id, attempt FROM jobs WHERE hold = 'paused' AND template = :name
            AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'customer' AND name = customer) ORDER BY seq
    """,
}


class SqlPauses(SqlTransactions):
    """See sender.ledger.restrictions.Pauses."""

    def pause(self, pause: Pause) -> None:
        """See sender.ledger.restrictions.Pauses."""
        self._transact(lambda session: _pause(session, pause))

    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        """See sender.ledger.restrictions.Pauses."""
        return self._write(now, lambda writes: _resume(writes, customer, template))

    def pauses(self) -> Sequence[Pause]:
        """See sender.ledger.restrictions.Pauses."""
        with self._reading() as session:
            return _pauses(session)


def resume_at_once(writes: Writes, entry: LedgerEntry) -> None:
    """Let go a job that has just been held for a pause, where the pause has ended meanwhile: nothing else would."""
    if entry.standing.hold is not Hold.PAUSED:
        return
    (found,) = writes.session.rows(PAUSED, {"customer": entry.job.customer, "template": entry.form.template})
    if not found["paused"]:
        _let_go(writes, entry.job.id, entry.standing.attempt)


def _pause(session: Session, one: Pause) -> None:
    session.reserve([names.PAUSES])
    values = _named(one.customer, one.template) | {"since": to_micros(one.since), "reason": one.reason}
    session.run(PAUSE, values)


def _resume(writes: Writes, customer: str | None, template: str | None) -> bool:
    what = _named(customer, template)
    writes.session.reserve([names.PAUSES])
    if not writes.session.rows(RESUME, what):
        return False
    for held in writes.session.rows(HELD_BY[what["kind"]], {"name": what["name"]}):
        _let_go(writes, held["id"], held["attempt"])
    return True


def _pauses(session: Session) -> list[Pause]:
    return sorted(map(_pause_of, session.rows(PAUSES, {})), key=lambda one: one.since)


def _pause_of(row: Row) -> Pause:
    customer, template = (row["name"], None) if row["kind"] == "customer" else (None, row["name"])
    return Pause(customer, template, from_micros(row["since"]), row["reason"])


def _let_go(writes: Writes, job: str, attempt: int) -> None:
    row = writes.find(job)
    report = Report(job, attempt, Transition.RESUMED, writes.now, text="no longer paused")
    entry = None if row is None else writes.move(row, report)
    if row is not None and entry is not None:
        bring_back(writes, row, entry)


def _named(customer: str | None, template: str | None) -> dict[str, str]:
    if (customer is None) == (template is None):
        raise ValueError("a pause is for a customer or for a template: one of them")
    return {"kind": "template", "name": template} if template else {"kind": "customer", "name": customer or ""}
