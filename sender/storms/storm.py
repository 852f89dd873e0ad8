"""The storm breaker: what is too much for one mailbox at a time, and what becomes of the rest.

A mailbox is in a storm once more than `limit` jobs for it tell of saves within one `window`. The times of the saves
count, and not when the jobs came: else catching up after an outage would be a storm. While it lasts, every job for the
mailbox is held, whenever its save was. It ends, by the clock, when nothing has come for `quiet`, and after `longest` at
the latest. Then what was held goes out as digests, or waits for a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from schemas.job import Job
from sender.records import TEXTS

COUNTED: Final = 10_000
"""How many jobs one digest may hold that mostly counts them."""


class StormEnd(StrEnum):
    """What becomes of the held jobs at the end of a storm."""

    DIGEST = "digest"
    """One message lists them."""
    WAIT = "wait"
    """They wait for a person to release them."""


class StormPolicy(Struct, frozen=True):
    """When the breaker trips, and for how long. `limit` 0: never.

    `digest_size` is what one digest may list: so many that each can be told by its template. More make several.
    """

    limit: int = 30
    window: timedelta = timedelta(minutes=10)
    quiet: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(minutes=30)
    end: StormEnd = StormEnd.DIGEST
    digest_size: int = 500

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that can't be kept."""
        if self.limit < 0 or self.digest_size < 2:  # noqa: PLR2004 - a digest of one is that message
            raise ValueError("limit is at least 0, digest_size at least 2")
        if self.window <= timedelta(0) or not timedelta(0) < self.quiet <= self.longest:
            raise ValueError("window is positive, and 0 < quiet <= longest")

    def size_for(self, domain: str) -> int:
        """What one digest may hold that goes to this domain (see `sender.records.domain_of`).

        A text message or chat has room for few and counts the others, so there several would say no more than one.
        """
        return max(self.digest_size, COUNTED) if domain in TEXTS else self.digest_size


NO_STORMS: Final = StormPolicy(limit=0)


def saved_at(job: Job) -> datetime:
    """The time by which a storm is measured: that of the save."""
    return job.context.saved_at


def ends_at(policy: StormPolicy, since: datetime, joined: datetime) -> datetime:
    """When a storm ends that began at `since` and was joined last at `joined`, by the clock."""
    return min(joined + policy.quiet, since + policy.longest)
