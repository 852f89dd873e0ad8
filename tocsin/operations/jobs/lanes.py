"""Which job goes before another: those about one ticket to one mailbox go out in the order in which they came."""

from __future__ import annotations

from typing import Final

from sender.ledger.jobs import JobListing
from sender.ledger.operator_actions import PAGE
from sender.records import LedgerEntry, Selection, lane_of
from sender.states import FINISHED, WAITING, State

MOST_PAGES: Final = 4
"""Of open jobs of one ticket that are looked at. Where there are more, the oldest of these is named."""


def ahead_of(ledger: JobListing, entry: LedgerEntry) -> LedgerEntry | None:
    """The oldest open job for which this one waits; None where it waits for none."""
    if entry.standing.state not in WAITING:
        return None
    wanted = Selection(ticket=entry.job.ticket, states=frozenset(State) - FINISHED)
    lane, before, found = lane_of(entry.job), entry.job.id, None
    for _ in range(MOST_PAGES):
        page = ledger.list(wanted, PAGE, before)
        for listed in page:
            if lane_of(listed.entry.job) == lane:
                found = listed.entry
        if len(page) < PAGE:
            break
        before = page[-1].entry.job.id
    return found
