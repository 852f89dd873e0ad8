"""Jobs as people look them up: one by its id, or a list, page by page, the newest first."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.sql_ledger import statements as sql
from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.rows import change_of, entry_of, listed_of
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.statements import ENTRY
from adapters.sql_ledger.transactions import SqlTransactions
from schemas.job import JOB_DECODER, Job, PersonRef
from schemas.vocabulary import PersonKind
from sender.records import Change, LedgerEntry, Listed, Selection, Subject, recipients_at
from sender.states import FINISHED, Hold, State

PLACE: Final = "SELECT accepted, seq FROM jobs WHERE id = :before"

# From one name to the next by the index that holds them in order: as many steps as there are names.
NEWEST_OF_EACH: Final = {
    subject: f"""
    WITH RECURSIVE each_one (name) AS (
        SELECT MIN({subject}) FROM jobs INDEXED BY jobs_{subject} WHERE {subject} > :after
        UNION ALL
        SELECT (SELECT MIN({subject}) FROM jobs INDEXED BY jobs_{subject} WHERE {subject} > each_one.name)
        FROM each_one WHERE each_one.name IS NOT NULL
    )
    SELECT (
        SELECT body FROM jobs INDEXED BY jobs_{subject}
        WHERE {subject} = each_one.name ORDER BY accepted DESC, seq DESC LIMIT 1
    ) AS body
    FROM each_one WHERE name IS NOT NULL LIMIT :limit
"""  # noqa: S608 - names of columns, from an enumeration
    for subject in Subject
}

PEOPLE_AT: Final = "SELECT DISTINCT person FROM jobs INDEXED BY jobs_saves WHERE recipient = :recipient"

_NO_STATES: Final = frozenset({None})


class SqlJobListing(SqlTransactions):
    """See sender.ledger.jobs.JobListing."""

    def find(self, job: str) -> LedgerEntry | None:
        """See sender.ledger.jobs.JobListing."""
        rows = self._read(sql.FIND, {"id": job})
        return entry_of(rows[0]) if rows else None

    def history(self, job: str) -> list[Change]:
        """See sender.ledger.jobs.JobListing."""
        return [change_of(row) for row in self._read(sql.HISTORY, {"id": job})]

    def list(self, selection: Selection, limit: int, before: str | None = None) -> list[Listed]:
        """See sender.ledger.jobs.JobListing."""
        with self._reading() as session:
            return _listed(session, selection, limit, before)

    def newest_of_each(self, subject: Subject, limit: int, after: str = "") -> Sequence[Job]:
        """See sender.ledger.jobs.JobListing."""
        rows = self._read(NEWEST_OF_EACH[subject], {"after": after, "limit": limit})
        return [JOB_DECODER.decode(row["body"]) for row in rows]

    def people_at(self, address: str) -> Sequence[PersonRef]:
        """See sender.ledger.jobs.JobListing."""
        rows = [row for recipient in recipients_at(address) for row in self._read(PEOPLE_AT, {"recipient": recipient})]
        return sorted({_ref(row["person"]) for row in rows})

    def counts(self, since: datetime | None = None) -> dict[State, int]:
        """See sender.ledger.jobs.JobListing."""
        if since is not None:
            values = [{"state": state.value, "since": to_micros(since)} for state in State]
            with self._reading() as session:
                counted = session.rows_of_each(sql.COUNT_SINCE, values)
            return {state: rows[0]["jobs"] for state, rows in zip(State, counted, strict=True)}
        found = {row["state"]: row["jobs"] for row in self._read(sql.COUNTS, {})}
        return {state: found.get(state, 0) for state in State}

    def holds(self) -> dict[Hold, int]:
        """See sender.ledger.jobs.JobListing."""
        found = {row["hold"]: row["jobs"] for row in self._read(sql.HOLDS, {})}
        return {hold: found.get(hold, 0) for hold in Hold}

    def oldest(self) -> dict[State, datetime]:
        """See sender.ledger.jobs.JobListing."""
        open_states = [state for state in State if state not in FINISHED]
        found = {state: self._read(sql.OLDEST, {"state": state.value})[0]["moment"] for state in open_states}
        return {state: from_micros(moment) for state, moment in found.items() if moment is not None}

    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        """See sender.ledger.jobs.JobListing."""
        # A statement for each kind of moment, so that each finds the soonest in an index of its own.
        values = {"besides": json.dumps(list(besides))}
        moments = [self._read(sql.NEXT_TRY, values)[0]["moment"]]
        moments += [self._read(statement, {})[0]["moment"] for statement in sql.NEXT_END]
        return min((from_micros(moment) for moment in moments if moment is not None), default=None)


def _ref(person: str) -> PersonRef:
    kind, _, person_id = person.partition("/")
    return PersonRef(PersonKind(kind), person_id)


def _listed(session: Session, selection: Selection, limit: int, before: str | None) -> list[Listed]:
    """A page of several states is put together from one list for each."""
    values: dict[str, Any] = {"limit": limit}
    if before is not None:
        places = session.rows(PLACE, {"before": before})
        if not places:
            return []
        values |= {"before_accepted": places[0]["accepted"], "before_seq": places[0]["seq"]}
    found: list[Row] = []
    # One statement for each state: an index holds its jobs in this order. All states in one would have to be sorted.
    for state in _states(selection):
        statement, more = list_statement(selection, state, paged=before is not None)
        found += session.rows(statement, values | more)
    found.sort(key=lambda row: (row["accepted"], row["seq"]), reverse=True)
    return [listed_of(row) for row in found[:limit]]


def list_statement(selection: Selection, state: State | None, *, paged: bool) -> tuple[str, dict[str, Any]]:
    """The statement for one state, or for all, and the values of its conditions."""
    conditions = dict(_conditions(selection, state))
    if paged:
        conditions["(accepted, seq) < (:before_accepted, :before_seq)"] = {}
    where = " AND ".join(conditions) or "TRUE"
    index = _index(selection, state)
    statement = f"{ENTRY} INDEXED BY {index} WHERE {where} ORDER BY accepted DESC, seq DESC LIMIT :limit"
    return statement, {name: value for values in conditions.values() for name, value in values.items()}


def _states(selection: Selection) -> frozenset[State] | frozenset[None]:
    if selection.hold is None:
        return selection.states or _NO_STATES
    return frozenset({State.HELD}) if not selection.states or State.HELD in selection.states else frozenset[State]()


def _index(selection: Selection, state: State | None) -> str:
    """The index that leads to the fewest jobs: SQLite keeps no figures by which it could choose."""
    if selection.ticket is not None:
        return "jobs_ticket"
    if selection.person is not None:
        return "jobs_person"
    return "jobs_accepted" if state is None else "jobs_state"


def _conditions(selection: Selection, state: State | None) -> Iterator[tuple[str, dict[str, Any]]]:
    equal = {
        "ticket": selection.ticket,
        "person": None if selection.person is None else str(selection.person),
        "state": state,
        "hold": selection.hold,
        "customer": selection.customer,
        "template": selection.template,
    }
    for column, value in equal.items():
        if value is not None:
            yield f"{column} = :{column}", {column: value}
    if selection.customers is not None:
        yield "customer IN (SELECT value FROM json_each(:customers))", {"customers": json.dumps([*selection.customers])}
    if selection.since is not None:
        yield "accepted >= :since", {"since": to_micros(selection.since)}
    if selection.until is not None:
        yield "accepted < :until", {"until": to_micros(selection.until)}
