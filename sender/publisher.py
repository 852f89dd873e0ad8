"""From the ledger's outbox to the topics: what became of each job, and who must not be alerted any more."""

from __future__ import annotations

from typing import Final

from sender.ledger.outbox import Outbox
from sender.ports import Topics

BATCH: Final = 500
LAST_BATCHES: Final = 10
"""How many batches are published at a stop. After a long outage there may be more: those stay in the outbox."""


class Publisher:
    """Publishes what the outbox holds: at least once, since a crash between publishing and forgetting repeats."""

    def __init__(self, ledger: Outbox, topics: Topics) -> None:
        self._ledger = ledger
        self._topics = topics

    def step(self) -> int:
        """Publish the next records; says how many there were."""
        waiting = self._ledger.outbox(BATCH)
        if waiting:
            self._topics.append([one.record for one in waiting])
            self._ledger.published([one.id for one in waiting])
        return len(waiting)

    def drain(self, batches: int | None = None) -> None:
        """Publish all that there is, or so many batches of it: the rest keeps in the outbox."""
        while (batches is None or batches > 0) and self.step():
            batches = None if batches is None else batches - 1
