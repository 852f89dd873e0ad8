"""The life of a sum: when a save is summed, and when once more.

A save is summed once all of its jobs have ended and nothing was heard of them for a moment, since those of one save
come in one after the other. What has not ended in good time is summed as it stands, and once more when it has. A job
that a person sends anew opens the sum of its save again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from outcomes.endpoint import ENDED, Endpoint


class Told(StrEnum):
    """What was posted of a save since it was opened."""

    NOTHING = "nothing"
    A_PART = "a part"
    ALL = "all"


class Sum(Struct, frozen=True):
    """How the sum of a save stands: since when it is open, when to look at it again, and how many were posted."""

    since: datetime
    due: datetime | None
    told: Told = Told.NOTHING
    posts: int = 0


def heard(before: Sum | None, now: datetime, endpoint: Endpoint) -> Sum:
    """The sum after something was heard of one of its jobs."""
    if before is None or before.told is Told.ALL:
        return Sum(now, now + endpoint.settle, posts=0 if before is None else before.posts)
    due = now + endpoint.settle
    if before.told is Told.NOTHING:
        # What changes all the time is summed in good time too.
        due = min(due, max(before.since + endpoint.within, now))
    return replace(before, due=due)


def looked_at(before: Sum, states: Sequence[str], now: datetime, endpoint: Endpoint) -> tuple[Sum, bool]:
    """The sum after its time has come, and whether to post it."""
    if all(state in ENDED for state in states):
        return replace(before, due=None, told=Told.ALL, posts=before.posts + 1), True
    if before.told is Told.A_PART:
        return replace(before, due=None), False
    bound = before.since + endpoint.within
    if now < bound:
        return replace(before, due=bound), False
    return replace(before, due=None, told=Told.A_PART, posts=before.posts + 1), True
