"""Forgetting a person: jobs are blanked page by page, whoever they are for, and that it happened is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.rows import entry_of, job_columns
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.statements import ENTRY, FORGET_OUTBOX
from adapters.sql_ledger.transactions import SqlTransactions
from schemas.directory import SuppressionRecord
from schemas.topics import SUPPRESSIONS
from sender.privacy.forgetting import Blanked, Forgetting, Forgotten
from sender.records import LedgerEntry

_SUPPRESSION: Final = msgspec.json.Decoder(SuppressionRecord)

PAGE: Final = f"{ENTRY} WHERE seq > :after ORDER BY seq LIMIT :limit"

# One that a person sends again meanwhile is open, and stays.
BLANK_OWN: Final = """
    UPDATE jobs SET lane = :lane, domain = :domain, recipient = :recipient, person = :person, body = :body
    WHERE seq = :seq AND open = 0
"""
BLANK_OTHER: Final = "UPDATE jobs SET body = :body WHERE seq = :seq AND open = 0"
BLANK_CHANGES: Final = "UPDATE job_changes SET text = NULL, fault = NULL WHERE job = :seq"

WAITING: Final = "SELECT id, topic, value FROM outbox WHERE id > :after ORDER BY id LIMIT :limit"
BLANK_WAITING: Final = "UPDATE outbox SET value = :value WHERE id = :id"

NOTE: Final = """
    INSERT INTO forgotten (person, at, who, why) VALUES (:person, :at, :who, :why) ON CONFLICT (person, at) DO NOTHING
"""
NOTED: Final = "SELECT person, at, who, why FROM forgotten ORDER BY at DESC, person LIMIT :limit"


class SqlForgottenPeople(SqlTransactions):
    """See sender.ledger.forgetting.ForgottenPeople."""

    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        """See sender.ledger.forgetting.ForgottenPeople."""
        return self._transact(lambda session: _blank(session, forgetting, limit, after))

    def note_forgotten(self, one: Forgotten) -> None:
        """See sender.ledger.forgetting.ForgottenPeople."""
        values = {"person": one.person, "at": to_micros(one.at), "who": one.who, "why": one.why}
        self._transact(lambda session: session.run(NOTE, values))

    def forgotten(self, limit: int) -> Sequence[Forgotten]:
        """See sender.ledger.forgetting.ForgottenPeople."""
        rows = self._read(NOTED, {"limit": limit})
        return [Forgotten(from_micros(row["at"]), row["person"], row["who"], row["why"]) for row in rows]


def _blank(session: Session, forgetting: Forgetting, limit: int, after: int) -> Blanked:
    if after == 0:
        _blank_outbox(session, forgetting, limit)
    rows = session.rows(PAGE, {"after": after, "limit": limit})
    own: list[Row] = []
    others, still_open = 0, 0
    for row in rows:
        entry = entry_of(row)
        theirs = forgetting.is_theirs(entry.job)
        if row["open"]:
            still_open += theirs
        elif theirs:
            own.append(row)
            _blank_own(session, row, entry, forgetting)
        else:
            body = forgetting.context(row["body"])
            if body != row["body"]:
                others += 1
                session.run(BLANK_OTHER, {"seq": row["seq"], "body": body})
    session.run_each(BLANK_CHANGES, [{"seq": row["seq"]} for row in own])
    # A page that is not full is the last one.
    return Blanked(rows[-1]["seq"] if len(rows) == limit else None, len(own), others, still_open)


def _blank_own(session: Session, row: Row, entry: LedgerEntry, forgetting: Forgetting) -> None:
    columns = job_columns(LedgerEntry(forgetting.job(entry.job), entry.diverted, entry.standing))
    names = ("lane", "domain", "recipient", "person", "body")
    session.run(BLANK_OWN, {"seq": row["seq"]} | {name: columns[name] for name in names})


def _blank_outbox(session: Session, forgetting: Forgetting, limit: int) -> None:
    after = 0
    while rows := session.rows(WAITING, {"after": after, "limit": limit}):
        for row in rows:
            if row["value"] is None:
                continue
            value = forgetting.value(row["value"])
            if row["topic"] == SUPPRESSIONS and forgetting.is_subject(_SUPPRESSION.decode(row["value"])):
                # What lifts it waits behind it.
                session.run(FORGET_OUTBOX, {"id": row["id"]})
            elif value != row["value"]:
                session.run(BLANK_WAITING, {"id": row["id"], "value": value})
        after = rows[-1]["id"]
