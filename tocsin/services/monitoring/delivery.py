"""The loop of deliveries, seen: its metrics, and whether it and the writing of messages go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.prometheus.sender_metrics import SenderMetrics
from sender.delivery.loop import Delivery
from sender.ledger.port import LedgerAwayError
from sender.ledger.waits import Wait
from sender.records import LedgerEntry, Report
from sender.replies.reply import Reply
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.monitoring.vitals import Vitals

DELIVER: Final = "deliver"
WRITE: Final = "write"
"""A message that is written beside the loop, and never ends: the loop goes on without it."""


class LivingDelivery:
    """A DeliveryWatch that tells metrics of what happens, and vitals that it goes on."""

    def __init__(
        self, metrics: SenderMetrics, vitals: Vitals, wait_for_ledger: Callable[[str, LedgerAwayError | None], None]
    ) -> None:
        self._wait_for_ledger = wait_for_ledger
        self._metrics = metrics
        self._vitals = vitals

    def answered(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """See sender.ports.DeliveryWatch."""
        self._metrics.answered(entry, reply, now)

    def changed(self, report: Report) -> None:
        """See sender.ports.DeliveryWatch."""
        self._metrics.changed(report)

    def waiting(self, waits: Sequence[Wait], now: datetime) -> None:
        """See sender.ports.DeliveryWatch."""
        self._metrics.waiting(waits, now)

    def came_round(self, writing: timedelta) -> None:
        """See sender.ports.DeliveryWatch."""
        self._vitals.beat(DELIVER)
        if writing > timedelta(0):
            self._vitals.beat(WRITE, writing.total_seconds())
        else:
            self._vitals.over(WRITE)

    def waits_for_ledger(self, why: LedgerAwayError | None) -> None:
        """See sender.ports.DeliveryWatch."""
        self._wait_for_ledger(DELIVER, why)


async def delivered(delivery: Delivery, vitals: Vitals, stop: Stop) -> None:
    """Deliver until told to stop; what is under way is finished."""
    try:
        await delivery.run(stop.in_loop())
    finally:
        vitals.over(DELIVER)
        vitals.over(WRITE)
