"""Takes a person's name out of the history: decisions stay, and are found by what stands there now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from adapters.sql_history.filling import DELETE_PERSON, INSERT_PERSON, entry_of, people_rows
from adapters.sql_ledger.session import Row, Session
from schemas.vocabulary import Reason

OF_PERSON: Final = """
    SELECT seq, decisions.at AS at, part, place, body FROM (
        SELECT decision FROM decision_people WHERE person = :person AND decision > :after
        ORDER BY decision LIMIT :limit
    ) AS found JOIN decisions ON seq = found.decision ORDER BY seq
"""
# The id of a record that can't be read may be an address: that of a suppression is.
OF_RECORDS: Final = """
    SELECT seq, decisions.at AS at, part, place, body FROM (
        SELECT decision FROM decision_reasons WHERE reason = :reason AND decision > :after
        ORDER BY decision LIMIT :limit
    ) AS found JOIN decisions ON seq = found.decision ORDER BY seq
"""
UNREADABLE: Final = Reason.UNREADABLE_RECORD.value

_REWRITE: Final = """
    UPDATE decisions SET body = :body, contract = :contract, customer = :customer WHERE seq = :seq
"""


def rewrite(session: Session, rows: Sequence[Row], change: Callable[[bytes], bytes]) -> int:
    """Give decisions another body, and lead those whom it names to them. Says how many were changed."""
    changed = 0
    for row in rows:
        body = change(row["body"])
        if body == row["body"]:
            continue
        before, changed = entry_of(row), changed + 1
        after = entry_of({"at": row["at"], "part": row["part"], "place": row["place"], "body": body})
        keys = ("person", "at", "seq")
        old = [{key: one[key] for key in keys} for one in people_rows(before, row["seq"])]
        session.run_each(DELETE_PERSON, old)
        session.run_each(INSERT_PERSON, people_rows(after, row["seq"]))
        found = {"contract": after.decision.contract, "customer": after.decision.customer}
        session.run(_REWRITE, {"seq": row["seq"], "body": body} | found)
    return changed
