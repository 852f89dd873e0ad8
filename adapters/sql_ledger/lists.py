"""Lists of jobs, page by page, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.rows import listed_of
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.statements import ENTRY
from sender.records import Listed, Selection
from sender.states import State

PLACE: Final = "SELECT accepted, seq FROM jobs WHERE id = :before"

_NO_STATES: Final = frozenset({None})


def listed(session: Session, selection: Selection, limit: int, before: str | None) -> list[Listed]:
    """See sender.ledger.Ledger. A page of several states is put together from one list for each."""
    values: dict[str, Any] = {"limit": limit}
    if before is not None:
        places = session.rows(PLACE, {"before": before})
        if not places:
            return []
        values |= {"before_accepted": places[0]["accepted"], "before_seq": places[0]["seq"]}
    found: list[Row] = []
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
    if selection.since is not None:
        yield "accepted >= :since", {"since": to_micros(selection.since)}
    if selection.until is not None:
        yield "accepted < :until", {"until": to_micros(selection.until)}
