"""The delivery mode: whose messages go out by now, and what becomes of the others. Customers can go live one by one."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from msgspec import Struct

from schemas.job import Job
from schemas.named_mailbox import NoMailboxError, named_mailbox


class Mode(StrEnum):
    """What becomes of the messages of customers that are not live yet."""

    LIVE = "live"
    """They go out: everybody is live."""
    HOLD = "hold"
    """They are held, for a person to release."""
    REDIRECT = "redirect"
    """They go to one address, with their recipient named."""


class DeliveryMode(Struct, frozen=True):
    """The mode of an installation. A customer in `live_customers` is live in every mode.

    `address` is where messages are redirected to, and None in other modes.
    """

    mode: Mode = Mode.LIVE
    address: str | None = None
    live_customers: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str, live_customers: Collection[str] = ()) -> DeliveryMode:
        """The mode that is written as `live`, `hold` or `redirect:ADDRESS`. Raises ValueError."""
        word, colon, address = text.partition(":")
        live = frozenset(live_customers)
        if word == Mode.REDIRECT:
            try:
                return cls(Mode.REDIRECT, named_mailbox(address).address, live)
            except NoMailboxError as error:
                raise ValueError(f"{text!r}: what follows `redirect:` is not one e-mail address: {error}") from None
        if colon or word not in (Mode.LIVE, Mode.HOLD):
            raise ValueError(f"{text!r} is none of `live`, `hold` and `redirect:ADDRESS`")
        return cls(Mode(word), None, live)

    def holds(self, job: Job) -> bool:
        """Whether this job is to be held."""
        return self.mode is Mode.HOLD and job.customer not in self.live_customers

    def redirects(self, job: Job) -> str | None:
        """The address that gets this job's message in place of its person; None where the person gets it."""
        return None if job.customer in self.live_customers else self.address


LIVE: Final = DeliveryMode()
