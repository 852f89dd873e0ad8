"""Suppressions: whom nothing goes out to, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from schemas.directory import SuppressionRecord
from schemas.mailbox import mailbox
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from sender.ledger.outbox import suppression_record
from sender.records import LedgerEntry
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

_RECORD: Final = msgspec.json.Decoder(SuppressionRecord)


class SqlSuppressions(SqlTransactions):
    """See sender.ledger.restrictions.Suppressions."""

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        """See sender.ledger.restrictions.Suppressions."""
        return self._write(now, lambda writes: _suppress_all(writes, records))

    def lift(self, suppression: str, now: datetime) -> bool:
        """See sender.ledger.restrictions.Suppressions."""
        return self._write(now, lambda writes: _lift(writes, suppression))

    def suppressions(self, limit: int, after: str = "") -> Sequence[SuppressionRecord]:
        """See sender.ledger.restrictions.Suppressions."""
        rows = self._read(SUPPRESSIONS, {"after": after, "limit": limit})
        return [_suppression_of(row) for row in rows]

    def suppressing(
        self, entry: LedgerEntry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        """See sender.ledger.restrictions.Suppressions."""
        with self._reading() as session:
            return _suppressing(session, entry, now, pseudonyms)


def suppress(writes: Writes, record: SuppressionRecord) -> bool:
    """Keep a suppression; says whether it is new. What is kept already is no change."""
    known = writes.session.rows(SUPPRESSION, {"id": record.id})
    if not known or not adds_nothing(record, _suppression_of(known[0])):
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


def prune_suppressions(writes: Writes, before: datetime, limit: int) -> int:
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
        writes.tell(suppression_record(_suppression_of(row), lifted=True))
    return len(over)


def _suppress_all(writes: Writes, records: Sequence[SuppressionRecord]) -> int:
    writes.session.reserve(names.of_suppression(record.id) for record in records)
    return sum(suppress(writes, record) for record in records)


def _lift(writes: Writes, suppression: str) -> bool:
    # Else it could be replaced between the look and the deletion, and the outbox would end with the wrong record.
    writes.session.reserve([names.of_suppression(suppression)])
    known = writes.session.rows(SUPPRESSION, {"id": suppression})
    if not known:
        return False
    writes.session.run(LIFT, {"id": suppression})
    writes.tell(suppression_record(_suppression_of(known[0]), lifted=True))
    return True


def _suppressing(
    session: Session, entry: LedgerEntry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
) -> SuppressionRecord | None:
    subjects = subjects_of(entry, pseudonyms)
    # One statement with the mailbox and person, and one more for each secret.
    mailboxes = [subjects.mailbox, *subjects.mailbox_hashes]
    people = [subjects.person, *subjects.person_hashes]
    keys = [{"mailbox": one, "person": other} for one, other in zip(mailboxes, people, strict=True)]
    records = (_suppression_of(row) for rows in session.rows_of_each(SUPPRESSING, keys) for row in rows)
    return next((record for record in records if stands_for(record, entry, subjects, now)), None)


def _suppression_of(row: Row) -> SuppressionRecord:
    """The suppression in a row of `suppressions`."""
    return _RECORD.decode(row["body"])
