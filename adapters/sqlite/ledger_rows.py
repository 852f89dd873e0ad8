"""Between the ledger's rows and what they mean."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from adapters.sqlite.database import from_micros, to_micros
from schemas.job import JOB_DECODER
from sender.entries import Change, Entry
from sender.states import FINISHED, Standing, State, Transition


def entry_of(row: sqlite3.Row) -> Entry:
    """The entry in a row of `jobs`."""
    return Entry(JOB_DECODER.decode(row["body"]), bool(row["diverted"]), standing_of(row))


def standing_of(row: sqlite3.Row) -> Standing:
    """The standing in a row of `jobs`."""
    return Standing(
        state=State(row["state"]),
        due=_moment(row["due"]),
        lease_until=_moment(row["lease_until"]),
        attempt=row["attempt"],
        unknowns=row["unknowns"],
        faults=row["faults"],
        changes=row["changes"],
    )


def standing_columns(standing: Standing) -> dict[str, Any]:
    """The columns of `jobs` that hold a standing."""
    return {
        "state": standing.state.value,
        "open": standing.state not in FINISHED,
        "due": _micros(standing.due),
        "lease_until": _micros(standing.lease_until),
        "attempt": standing.attempt,
        "unknowns": standing.unknowns,
        "faults": standing.faults,
        "changes": standing.changes,
    }


def change_of(row: sqlite3.Row) -> Change:
    """The change in a row of `job_changes`."""
    return Change(
        sequence=row["sequence"],
        at=from_micros(row["at"]),
        transition=Transition(row["transition"]),
        state=State(row["state"]),
        attempt=row["attempt"],
        code=row["code"],
        text=row["text"],
        fault=row["fault"],
    )


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
