"""Whom outcomes are posted to, and what each wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from outcomes.signing import Secret
from schemas.hashing import hash_of


class Tell(StrEnum):
    """What an endpoint is told."""

    JOBS = "jobs"
    """One post for each change of a job into one of its states."""
    TICKETS = "tickets"
    """One post for each save of a ticket, once all of its messages have ended."""


DELIVERED: Final = "delivered"

ENDED: Final = frozenset({DELIVERED, "failed", "expired", "dropped", "cancelled", "withdrawn"})
"""States that end a job (see sender.states), as they stand in outcomes."""

STATES: Final = ENDED | {"queued", "held", "unknown", "bundled"}
"""All states that outcomes name."""


class Endpoint(Struct, frozen=True):
    """One address of a helpdesk. The first secret is the newest; all of them sign.

    `settle` is how long no message of a save may have changed before the save is summed, and `within` after what time
    it is summed all the same. With `personal_data` names, addresses and the words of mail servers are in its posts.
    """

    name: str
    url: str
    secrets: Sequence[Secret]
    tell: Tell = Tell.JOBS
    states: frozenset[str] = ENDED
    settle: timedelta = timedelta(seconds=10)
    within: timedelta = timedelta(minutes=15)
    personal_data: bool = False
    ca: Path | None = None

    @property
    def place(self) -> str:
        """A hash of its URL: by it an endpoint is known that was disabled."""
        return hash_of("endpoint", self.url)
