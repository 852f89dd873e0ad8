"""Suppressions and pauses in SQLite: whom nothing goes out to, and for how long."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from adapters.sqlite.ledger_writes import Writes
from adapters.sqlite.moments import from_micros, to_micros
from schemas.directory import SuppressionRecord
from schemas.mailbox import mailbox
from sender.entries import Entry, Report
from sender.ledger import Pause
from sender.outcomes import suppression_record
from sender.states import Hold, Transition
from sender.suppressing import stands_for

SUPPRESSION: Final = "SELECT body FROM suppressions WHERE id = :id"

SUPPRESS: Final = """
    INSERT INTO suppressions (id, mailbox, person, body) VALUES (:id, :mailbox, :person, :body)
    ON CONFLICT (id) DO UPDATE SET mailbox = excluded.mailbox, person = excluded.person, body = excluded.body
"""

LIFT: Final = "DELETE FROM suppressions WHERE id = :id"

SUPPRESSIONS: Final = "SELECT body FROM suppressions WHERE id > :after ORDER BY id LIMIT :limit"

SUPPRESSING: Final = """
    SELECT body FROM suppressions WHERE mailbox = :mailbox
    UNION ALL SELECT body FROM suppressions WHERE person = :person
"""

PAUSE: Final = "INSERT OR IGNORE INTO pauses (kind, name, since, reason) VALUES (:kind, :name, :since, :reason)"

RESUME: Final = "DELETE FROM pauses WHERE kind = :kind AND name = :name"

PAUSES: Final = "SELECT kind, name, since, reason FROM pauses"

PAUSED: Final = """
    SELECT EXISTS (SELECT 1 FROM pauses WHERE kind = 'customer' AND name = :customer)
        OR EXISTS (SELECT 1 FROM pauses WHERE kind = 'template' AND name = :template)
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

_RECORD: Final = msgspec.json.Decoder(SuppressionRecord)


def suppress(writes: Writes, record: SuppressionRecord) -> bool:
    """Keep a suppression; says whether it is new. What is kept already is no change."""
    known = writes.connection.execute(SUPPRESSION, {"id": record.id}).fetchone()
    body = msgspec.json.encode(record)
    if known is None or known["body"] != body:
        values = {"id": record.id, "person": record.person, "body": body}
        address = {"mailbox": mailbox(record.address) if record.address else None}
        writes.connection.execute(SUPPRESS, values | address)
        writes.tell(suppression_record(record))
    return known is None


def lift(writes: Writes, suppression: str) -> bool:
    """See sender.ledger.Ledger."""
    known = writes.connection.execute(SUPPRESSION, {"id": suppression}).fetchone()
    if known is None:
        return False
    writes.connection.execute(LIFT, {"id": suppression})
    writes.tell(suppression_record(_RECORD.decode(known["body"]), lifted=True))
    return True


def suppression_of(row: sqlite3.Row) -> SuppressionRecord:
    """The suppression in a row of `suppressions`."""
    return _RECORD.decode(row["body"])


def suppressing(connection: sqlite3.Connection, entry: Entry, now: datetime) -> SuppressionRecord | None:
    """See sender.ledger.Ledger."""
    keys = {"mailbox": mailbox(entry.job.address), "person": str(entry.job.person)}
    records = map(suppression_of, connection.execute(SUPPRESSING, keys).fetchall())
    return next((record for record in records if stands_for(record, entry, now)), None)


def pause(connection: sqlite3.Connection, one: Pause) -> None:
    """See sender.ledger.Ledger."""
    values = _named(one.customer, one.template) | {"since": to_micros(one.since), "reason": one.reason}
    connection.execute(PAUSE, values)


def resume(writes: Writes, customer: str | None, template: str | None) -> bool:
    """See sender.ledger.Ledger."""
    what = _named(customer, template)
    if not writes.connection.execute(RESUME, what).rowcount:
        return False
    for held in writes.connection.execute(HELD_BY[what["kind"]], {"name": what["name"]}).fetchall():
        _let_go(writes, held["id"], held["attempt"])
    return True


def resume_at_once(writes: Writes, entry: Entry) -> None:
    """Let go a job that has just been held for a pause, where the pause has ended meanwhile: nothing else would."""
    names = {"customer": entry.job.customer, "template": entry.form.template}
    if entry.standing.hold is Hold.PAUSED and not writes.connection.execute(PAUSED, names).fetchone()[0]:
        _let_go(writes, entry.job.id, entry.standing.attempt)


def pauses(connection: sqlite3.Connection) -> list[Pause]:
    """See sender.ledger.Ledger."""
    return sorted(map(_pause_of, connection.execute(PAUSES).fetchall()), key=lambda one: one.since)


def _pause_of(row: sqlite3.Row) -> Pause:
    customer, template = (row["name"], None) if row["kind"] == "customer" else (None, row["name"])
    return Pause(customer, template, from_micros(row["since"]), row["reason"])


def _let_go(writes: Writes, job: str, attempt: int) -> None:
    row = writes.find(job)
    if row is not None:
        writes.move(row, Report(job, attempt, Transition.RESUMED, writes.now, text="no longer paused"))


def _named(customer: str | None, template: str | None) -> dict[str, str]:
    if (customer is None) == (template is None):
        raise ValueError("a pause is for a customer or for a template: one of them")
    return {"kind": "template", "name": template} if template else {"kind": "customer", "name": customer or ""}
