"""Jobs as JSON objects, for programs. Field names are those of the wire, of states and of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sender.ledger.outlook import holding, next_try
from sender.ledger.waits import MAILBOX, Wait
from sender.records import Change, LedgerEntry, Listed


def listed_object(listed: Listed, last: Change | None, waits: Sequence[Wait], now: datetime) -> dict[str, Any]:
    """One of a list, without address and texts; `next_try` and `held_back` as in `shown_object`."""
    entry, job = listed.entry, listed.entry.job
    return {
        "job": job.id,
        "source": job.source,
        "event": job.event,
        "ticket": job.ticket,
        "customer": job.customer,
        "person": str(job.person),
        "channel": job.channel,
        "trigger": entry.trigger,
        "template": entry.form.template,
        "accepted": listed.accepted,
        "changed": listed.changed,
        **_standing(entry),
        **_outlook(entry, waits, now),
        "code": None if last is None else last.code,
        "text": None if last is None else last.text,
    }


def shown_object(
    entry: LedgerEntry,
    changes: Sequence[Change],
    bundled: Sequence[LedgerEntry],
    waits: Sequence[Wait],
    now: datetime,
    ahead: LedgerEntry | None,
    *,
    texts: bool,
) -> dict[str, Any]:
    """One job whole; its texts only where they are asked for.

    `next_try` is never over: null where it is unknown, or there is none to come. `held_back` is what keeps it back
    though it is due, `ahead` the job of its ticket and mailbox that goes before it.
    """
    job = msgspec.to_builtins(entry.job)
    if not texts:
        # Texts of tickets are for whoever asks for them by name, not for every list and pipe.
        del job["context"]
    return {
        **job,
        "diverted": entry.diverted,
        "standing": _standing(entry),
        "changes": [msgspec.to_builtins(change) for change in changes],
        "bundled": [one.job.id for one in bundled],
        **_outlook(entry, waits, now),
        "ahead": None if ahead is None else {"job": ahead.job.id, "state": ahead.standing.state},
    }


def _outlook(entry: LedgerEntry, waits: Sequence[Wait], now: datetime) -> dict[str, Any]:
    held_back = [
        {"by": "mailbox" if one.name.startswith(MAILBOX) else one.name, "until": one.until}
        for one in holding(entry, waits)
    ]
    return {"next_try": next_try(entry, waits, now), "held_back": held_back}


def _standing(entry: LedgerEntry) -> dict[str, Any]:
    fields = ("state", "hold", "due", "lease_until", "attempt", "released", "digest")
    return {field: getattr(entry.standing, field) for field in fields}
