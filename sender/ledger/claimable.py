"""Which of the due jobs may be claimed: pacing tells the ledger which relays, domains and mailboxes must wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct, field

from sender.records import MAIL, TRANSPORTS


class Claimable(Struct, frozen=True):
    """Which due jobs a claim may take. Domains are those of `domain_of`, recipients those of `recipient_of`.

    A claim takes jobs of this `transport` alone (None: of all). It takes none to `not_recipients`, and none to
    `not_domains` except to the recipients in `despite`. For each domain and each recipient in `alone` it takes one job
    at most; the job of such a recipient does not count for its domain. No recipient gets more than `of_each` jobs at a
    time, those `under_way` included (None: any number).
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
        """Whether the claim takes this job, which is due and `may_go`, besides those that it has taken."""
        alone = next((one for one in (recipient, domain) if one in self._which.alone), None)
        of_each = self._which.of_each
        if alone in self._taken or (of_each is not None and self._numbers[recipient] >= of_each):
            return False
        self._numbers[recipient] += 1
        if alone is not None:
            self._taken.add(alone)
        return True
