"""The ledger: every job that was accepted, how it stands, and each change since. Adapters keep it on disk.

Each of its parts is a port of its own. Ask for the parts that you need; `Ledger` is all of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from schemas.errors import UnusableError
from sender.ledger.forgetting import ForgottenPeople
from sender.ledger.jobs import Jobs
from sender.ledger.outbox import Outbox
from sender.ledger.restrictions import Restrictions
from sender.ledger.storms import Storms
from sender.ledger.waits import Waits


class LedgerUnavailableError(UnusableError, RuntimeError):
    """The ledger can't do its work, so the sender must stop: nothing that it held is lost.

    `code` names the class of the fault in snake case; the message says where it is and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LedgerAwayError(LedgerUnavailableError):
    """The ledger does not answer, or not now: the sender may wait, and ask again. Nothing that it holds is lost."""


class Retention(Struct, frozen=True):
    """How long the ledger remembers.

    `finished` is counted from a job's expiry, and from a suppression's end. It must outlast the age at which events
    become stale, since until then the platform may send one again. `once` is counted from the last event that asked
    for the key; it should outlast tickets.
    """

    finished: timedelta = timedelta(days=7)
    once: timedelta = timedelta(days=3 * 365)


class Ledger(Jobs, Storms, Restrictions, Outbox, Waits, ForgottenPeople, Protocol):
    """Keeps jobs durably.

    What a method has returned from survives a crash, and what it did is done whole or not at all. All times are in UTC.
    Every method raises LedgerUnavailableError where the storage fails.
    """

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        """Forget what its time is over of: at most `limit` finished jobs, once keys and suppressions each.

        A suppression is remembered as long after its end as a job after its expiry, so that whoever asks why a message
        was withdrawn still sees it; that it is forgotten is told as when it is lifted. Says how many there were in all.
        """
        ...
