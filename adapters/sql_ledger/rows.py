"""Between the ledger's rows and what they mean."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row
from schemas.job import JOB_DECODER
from sender.records import Change, LedgerEntry, Listed, domain_of, lane_of, recipient_of
from sender.states import FINISHED, SCHEDULED, Hold, Standing, State, Transition
from sender.storms.storm import saved_at


def entry_of(row: Row) -> LedgerEntry:
    """The entry in a row of `jobs`."""
    return LedgerEntry(JOB_DECODER.decode(row["body"]), bool(row["diverted"]), standing_of(row))


def standing_of(row: Row) -> Standing:
    """The standing in a row of `jobs`."""
    return Standing(
        state=State(row["state"]),
        due=_moment(row["due"]),
        lease_until=_moment(row["lease_until"]),
        attempt=row["attempt"],
        unknowns=row["unknowns"],
        faults=row["faults"],
        changes=row["changes"],
        hold=None if row["hold"] is None else Hold(row["hold"]),
        released=bool(row["released"]),
        digest=bool(row["digest"]),
        owner=row["owner"],
        handed_over=bool(row["handed_over"]),
        freed=row["freed"],
    )


def listed_of(row: Row) -> Listed:
    """The line of a list in a row of `jobs`."""
    return Listed(entry_of(row), from_micros(row["accepted"]), from_micros(row["changed"]))


def standing_columns(standing: Standing) -> dict[str, Any]:
    """The columns of `jobs` that hold a standing."""
    return {
        "state": standing.state.value,
        "due": _micros(standing.due),
        "lease_until": _micros(standing.lease_until),
        "attempt": standing.attempt,
        "unknowns": standing.unknowns,
        "faults": standing.faults,
        "changes": standing.changes,
        "hold": standing.hold,
        "released": int(standing.released),
        "digest": int(standing.digest),
        "owner": standing.owner,
        "handed_over": int(standing.handed_over),
        "freed": standing.freed,
    }


def job_columns(entry: LedgerEntry) -> dict[str, Any]:
    """The columns of `jobs` that stay as they are.

    A dropped job counts for no storm, nor does one that is held until it is due.
    """
    job, standing = entry.job, entry.standing
    is_open = standing.state not in FINISHED
    counts = standing.state is not State.DROPPED and standing.hold not in SCHEDULED
    return {
        "id": job.id,
        "lane": lane_of(job),
        "open": int(is_open),
        "in_lane": int(is_open and standing.hold not in SCHEDULED),
        "expires": to_micros(job.expires),
        "diverted": int(entry.diverted),
        "ticket": job.ticket,
        "person": str(job.person),
        "customer": job.customer,
        "template": entry.form.template,
        "domain": domain_of(job),
        "recipient": recipient_of(job),
        "saved_at": to_micros(saved_at(job)) if counts else None,
        "body": msgspec.json.encode(job),
    }


def change_of(row: Row) -> Change:
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
