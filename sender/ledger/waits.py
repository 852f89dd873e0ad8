"""Waits: what keeps due jobs back though nothing is wrong with them: a relay out of reach, a domain or mailbox put off.

A sender decides that in memory. It tells the ledger too, so that people see from anywhere why a job does not go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct

from schemas.job import Job
from sender.records import TEXTS, domain_of, recipient_of

RELAY: Final = "relay"
"""The name of a wait for the mail relay. No domain is called so: that of a mailbox has a dot, or is a channel."""
MAILBOX: Final = "mailbox/"
"""How the name of a wait for one mailbox begins; what follows is its `recipient_of`, so that no address is told."""
TELL_EVERY: Final = timedelta(seconds=5)
"""How often a sender repeats what it waits for, so that what nobody repeats is known to be of a sender that is gone."""
TOLD_FOR: Final = timedelta(seconds=30)
"""For how long a wait counts after it was told: a few repetitions may be late."""
MOST_WAITS: Final = 100
"""No more mailboxes are told of, and no more of the others: those that last longest."""


class Wait(Struct, frozen=True, order=True):
    """Until when nothing is tried of a relay (RELAY), a mailbox (MAILBOX) or a domain; then one job is to find out."""

    until: datetime
    name: str


class Waits(Protocol):
    """What senders told of what they wait for."""

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        """Keep what keeps this sender's due jobs back, in place of what it told before. It counts for TOLD_FOR."""
        ...

    def waits(self, now: datetime) -> Sequence[Wait]:
        """What keeps due jobs back by what all senders told, each name once with its longest wait, longest first."""
        ...


def recipients_of(waits: Iterable[Wait]) -> list[str]:
    """Of the mailboxes among them, the `recipient_of`."""
    return [one.name.removeprefix(MAILBOX) for one in waits if one.name.startswith(MAILBOX)]


def waits_of(job: Job, waits: Iterable[Wait]) -> list[Wait]:
    """Those of them that keep this job back, the longest first."""
    own = {MAILBOX + recipient_of(job), domain_of(job)} | ({RELAY} if job.channel not in TEXTS else set())
    return sorted((one for one in waits if one.name in own), reverse=True)
