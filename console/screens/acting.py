"""What operators do to messages: what will happen is said first, then it is done once, and noted by whom and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from console.screens.messages import Row, row_of
from console.screens.viewer import Viewer
from sender.ledger.jobs import JobListing, Jobs
from sender.ledger.operator_actions import Act, Obstacle, act_on, obstacle
from sender.records import Listed

MOST: Final = 50
"""Messages of one act: those of a page."""

LONGEST_REASON: Final = 300


class Asked(Struct, frozen=True):
    """A message to act on, and how many changes it had when somebody looked at it; None: nobody has yet."""

    job: str
    changes: int | None = None


class Candidate(Struct, frozen=True):
    """A message as it stands, its number of changes, and what keeps the act from it."""

    row: Row
    changes: int
    obstacle: Obstacle | None


def candidates(
    ledger: JobListing, asked: Sequence[Asked], act: Act, viewer: Viewer, now: datetime
) -> Sequence[Candidate]:
    """Those of them that there are and that may be seen, in their order, each once, at most MOST.

    One that has changed since it was looked at is left alone: so a form that is sent twice acts once.
    """
    found = []
    for one in list({one.job: one for one in asked}.values())[:MOST]:
        entry = ledger.find(one.job)
        changes = [] if entry is None else ledger.history(one.job)
        if entry is None or not changes or not viewer.may_see(entry.job.customer):
            continue
        row = row_of(Listed(entry, changes[0].at, changes[-1].at), changes, viewer)
        has_changed = one.changes not in (None, len(changes))
        found.append(Candidate(row, len(changes), Obstacle.CHANGED if has_changed else obstacle(entry, act, now)))
    return found


def acted(
    ledger: Jobs, ready: Sequence[Candidate], act: Act, now: datetime, reason: str, note: Callable[[str], None]
) -> Sequence[Candidate]:
    """Do it, by the function that `tocsin jobs` uses, and say what came of each.

    `note` is told each message before: it is better to know of an act that failed than not to know who did one.
    """
    possible = [one.row.job for one in ready if one.obstacle is None]
    for job in possible:
        note(job)
    done = {one.job: one.obstacle for one in act_on(ledger, possible, act, now, reason)}
    return [Candidate(one.row, one.changes, done.get(one.row.job, one.obstacle)) for one in ready]
