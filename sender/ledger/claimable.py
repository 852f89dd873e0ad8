"""Which of the due jobs may be claimed: what a ledger is told of relays, domains and mailboxes that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct, field

from sender.records import MAIL, TRANSPORTS


class Claimable(Struct, frozen=True):
    """Which due jobs a claim may take. Domains are those of `domain_of`, recipients those of `recipient_of`.

    Those of this `transport` alone (None: of all). None of `not_domains`, but for those of the recipients in `despite`;
    none of `not_recipients`. Of each domain and recipient in `alone` a claim takes one job at most: that of
    a recipient in `alone` counts for the recipient, not for its domain. Of any recipient it takes so many that there
    are no more than `of_each` with those that are `under_way`; None: any number.
    """

    transport: str | None = None
    not_domains: Collection[str] = frozenset()
    despite: Collection[str] = frozenset()
    not_recipients: Collection[str] = frozenset()
    alone: Collection[str] = frozenset()
    of_each: int | None = None
    under_way: Mapping[str, int] = field(default_factory=dict)

    def may_go(self, recipient: str, domain: str) -> bool:
        """Whether a job may be taken, so far as it is known without the others of its claim."""
        transport = domain if domain in TRANSPORTS else MAIL
        if self.transport not in (None, transport) or recipient in self.not_recipients:
            return False
        return domain not in self.not_domains or recipient in self.despite


ANY: Final = Claimable()
"""All that are due."""


class Taking:
    """One claim, as it takes one job after the other."""

    def __init__(self, which: Claimable) -> None:
        self._which = which
        self._numbers = Counter(which.under_way)
        self._taken: set[str] = set()

    def takes(self, recipient: str, domain: str) -> bool:
        """Whether it takes the next one that is due, of those that may go."""
        alone = next((one for one in (recipient, domain) if one in self._which.alone), None)
        of_each = self._which.of_each
        if alone in self._taken or (of_each is not None and self._numbers[recipient] >= of_each):
            return False
        self._numbers[recipient] += 1
        if alone is not None:
            self._taken.add(alone)
        return True
