"""What keeps due jobs back though nothing is wrong with them: a relay out of reach, or a domain that is put off.

The sender decides that from memory; it tells its ledger, so that people see from anywhere why a job does not go out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from schemas.job import Job
from sender.entries import domain_of

RELAY: Final = "relay"
"""The name of a wait for the mail relay. No domain is called so: that of a mailbox has a dot, or is a channel."""
TELL_EVERY: Final = timedelta(seconds=5)
"""While anything waits, it is told of anew so often: what was told longer ago is of a sender that is gone."""
TOLD_FOR: Final = timedelta(seconds=30)
"""For how long what was told counts."""
MOST_WAITS: Final = 100
"""No more are told of: those that last longest."""


class Wait(Struct, frozen=True, order=True):
    """A relay (RELAY) or a domain of which nothing is tried until a moment, when one job is to find out."""

    until: datetime
    name: str


def waits_of(job: Job, waits: Iterable[Wait]) -> list[Wait]:
    """Those of them that keep this job back, the longest first."""
    own = (RELAY, domain_of(job))
    return sorted((one for one in waits if one.name in own), reverse=True)
