"""What keeps jobs from going out, by the word of people: suppressions of a mailbox or person, and pauses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from schemas.directory import SuppressionRecord
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from sender.records import LedgerEntry


class Suppressions(Protocol):
    """Whom nothing goes out to: a mailbox or a person, for some triggers or all, until a time or for good.

    Every change of a suppression puts a record of it into the outbox, in the same transaction.
    """

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        """Keep suppressions by their ids; says how many are new. One that is known by its id is replaced.

        One that differs from what is kept in its `since` alone changes nothing, and is not told again.
        """
        ...

    def lift(self, suppression: str, now: datetime) -> bool:
        """Forget a suppression; says whether there was one."""
        ...

    def suppressions(self, limit: int, after: str = "") -> Sequence[SuppressionRecord]:
        """At most `limit` suppressions in the order of their ids, from behind the id `after`."""
        ...

    def suppressing(
        self, entry: LedgerEntry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        """One of these suppressions that stands for the job's person or mailbox, and for its trigger.

        By `pseudonyms`, those of people who were forgotten are recognised.
        """
        ...


class Pause(Struct, frozen=True):
    """What goes out to nobody for now: the jobs of a customer, or of a template. `reason` is a person's."""

    customer: str | None
    template: str | None
    since: datetime
    reason: str

    def __post_init__(self) -> None:
        """Raise ValueError where it isn't one of the two."""
        if (self.customer is None) == (self.template is None):
            raise ValueError("a pause is for a customer or for a template: one of them")


class Pauses(Protocol):
    """The customers and templates for which nothing goes out for now."""

    def pause(self, pause: Pause) -> None:
        """Pause a customer or a template. Where it is paused already, the older pause stays."""
        ...

    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        """End a pause, and let go in one transaction what no other pause holds; says whether there was one."""
        ...

    def pauses(self) -> Sequence[Pause]:
        """All pauses, the oldest first."""
        ...


class Restrictions(Suppressions, Pauses, Protocol):
    """Both: what is asked before a job goes out."""
