"""Suppressions and pauses: whom nothing goes out to, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.writes import Writes
from schemas.directory import SuppressionRecord
from schemas.mailbox import mailbox
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from sender.ledger.outcomes import suppression_record
from sender.ledger.port import Pause
from sender.records import Entry, Report
from sender.states import Hold, Transition
from sender.suppressions.standing import adds_nothing, stands_for, subjects_of

SUPPRESSION: Final = "SELECT body FROM suppressions WHERE id = :id"

SUPPRESS: Final = """
    INSERT INTO suppressions (id, mailbox, person, ends, body) VALUES (:id, :mailbox, :person, :ends, :body)
    ON CONFLICT (id) DO UPDATE SET mailbox = excluded.mailbox, person = excluded.person, ends = excluded.ends,
        body = excluded.body
"""

LIFT: Final = "DELETE FROM suppressions WHERE id = :id"

SUPPRESSIONS: Final = "SELECT body FROM suppressions WHERE id > :after ORDER BY id LIMIT :limit"

SUPPRESSING: Final = """
    SELECT body FROM suppressions WHERE mailbox = :mailbox
    UNION ALL SELECT body FROM suppressions WHERE person = :person
"""

ENDED: Final = "SELECT id, body FROM suppressions WHERE ends <= :before ORDER BY ends LIMIT :limit"

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

_RECORD: Final = msgspec.json.Decoder(SuppressionRecord)


def suppress_all(writes: Writes, records: Sequence[SuppressionRecord]) -> int:
    """See sender.ledger.Ledger."""
    writes.session.reserve(names.of_suppression(record.id) for record in records)
    return sum(suppress(writes, record) for record in records)


def suppress(writes: Writes, record: SuppressionRecord) -> bool:
    """Keep a suppression; says whether it is new. What is kept already is no change."""
    known = writes.session.rows(SUPPRESSION, {"id": record.id})
    if not known or not adds_nothing(record, suppression_of(known[0])):
        # A column that leads to the record has the hash where that has one: the record says which it is.
        values = {
            "id": record.id,
            "mailbox": mailbox(record.address) if record.address else record.address_hash,
            "person": record.person or record.person_hash,
            "ends": None if record.until is None else to_micros(record.until),
            "body": msgspec.json.encode(record),
        }
        writes.session.run(SUPPRESS, values)
        writes.tell(suppression_record(record))
    return not known


def lift(writes: Writes, suppression: str) -> bool:
    """See sender.ledger.Ledger."""
    writes.session.reserve([names.of_suppression(suppression)])
    known = writes.session.rows(SUPPRESSION, {"id": suppression})
    if not known:
        return False
    writes.session.run(LIFT, {"id": suppression})
    writes.tell(suppression_record(suppression_of(known[0]), lifted=True))
    return True


def prune(writes: Writes, before: datetime, limit: int) -> int:
    """Forget at most `limit` suppressions that had ended before; says how many."""
    ended = writes.session.rows(ENDED, {"before": to_micros(before), "limit": limit})
    if not ended:
        return 0
    writes.session.reserve(names.of_suppression(row["id"]) for row in ended)
    # One that was replaced meanwhile may stand.
    still = {row["id"] for row in writes.session.rows(ENDED, {"before": to_micros(before), "limit": limit})}
    over = [row for row in ended if row["id"] in still]
    for row in over:
        writes.session.run(LIFT, {"id": row["id"]})
        writes.tell(suppression_record(suppression_of(row), lifted=True))
    return len(over)


def suppression_of(row: Row) -> SuppressionRecord:
    """The suppression in a row of `suppressions`."""
    return _RECORD.decode(row["body"])


def suppressing(
    session: Session, entry: Entry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
) -> SuppressionRecord | None:
    """See sender.ledger.Ledger."""
    subjects = subjects_of(entry, pseudonyms)
    # One statement with the mailbox and person, and one more for each secret.
    mailboxes = [subjects.mailbox, *subjects.mailbox_hashes]
    people = [subjects.person, *subjects.person_hashes]
    keys = [{"mailbox": one, "person": other} for one, other in zip(mailboxes, people, strict=True)]
    records = (suppression_of(row) for rows in session.rows_of_each(SUPPRESSING, keys) for row in rows)
    return next((record for record in records if stands_for(record, entry, subjects, now)), None)


def pause(session: Session, one: Pause) -> None:
    """See sender.ledger.Ledger."""
    session.reserve([names.PAUSES])
    values = _named(one.customer, one.template) | {"since": to_micros(one.since), "reason": one.reason}
    session.run(PAUSE, values)


def resume(writes: Writes, customer: str | None, template: str | None) -> bool:
    """See sender.ledger.Ledger."""
    what = _named(customer, template)
    writes.session.reserve([names.PAUSES])
    if not writes.session.rows(RESUME, what):
        return False
    for held in writes.session.rows(HELD_BY[what["kind"]], {"name": what["name"]}):
        _let_go(writes, held["id"], held["attempt"])
    return True


def resume_at_once(writes: Writes, entry: Entry) -> None:
    """Let go a job that has just been held for a pause, where the pause has ended meanwhile: nothing else would."""
    if entry.standing.hold is not Hold.PAUSED:
        return
    (found,) = writes.session.rows(PAUSED, {"customer": entry.job.customer, "template": entry.form.template})
    if not found["paused"]:
        _let_go(writes, entry.job.id, entry.standing.attempt)


def pauses(session: Session) -> list[Pause]:
    """See sender.ledger.Ledger."""
    return sorted(map(_pause_of, session.rows(PAUSES, {})), key=lambda one: one.since)


def _pause_of(row: Row) -> Pause:
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
