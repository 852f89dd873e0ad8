"""What can be seen of a running sender from outside: metrics of deliveries and ledger, and whether it is alive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from adapters.kafka.settings import KafkaSettings, Membership
from adapters.prometheus.lag_metrics import LagMetrics
from adapters.prometheus.ledger_metrics import LedgerMetrics
from adapters.prometheus.outcome_metrics import OutcomeMetrics
from adapters.prometheus.sender_metrics import SenderMetrics
from schemas.clock import Clock
from schemas.topics import JOBS
from sender.acceptance import Accepted
from sender.delivery.loop import Delivery
from sender.ledger.jobs import JobListing
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError
from sender.ledger.waits import Wait, Waits, recipients_of
from sender.records import LedgerEntry, Report
from sender.replies.reply import Reply
from tocsin.services.lifecycle.ledger_outage import LedgerOutage
from tocsin.services.lifecycle.loops import in_background
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.lifecycle.vitals import Vitals
from tocsin.services.monitoring.lag import monitoring_lag
from tocsin.services.monitoring.service import ReadingMonitor, ServiceMonitor

DELIVER: Final = "deliver"
WRITE: Final = "write"
"""The composing of messages, beside the loop. One that never ends shows by this alone: the loop goes on without it."""


class LivingDelivery:
    """A DeliveryMonitor that tells metrics of what happens, and vitals that it goes on."""

    def __init__(
        self, metrics: SenderMetrics, vitals: Vitals, wait_for_ledger: Callable[[str, LedgerAwayError | None], None]
    ) -> None:
        self._wait_for_ledger = wait_for_ledger
        self._metrics = metrics
        self._vitals = vitals

    def answered(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._metrics.answered(entry, reply, now)

    def changed(self, report: Report) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._metrics.changed(report)

    def waiting(self, waits: Sequence[Wait], now: datetime) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._metrics.waiting(waits, now)

    def came_round(self, writing: timedelta) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._vitals.beat(DELIVER)
        # Where no message is being composed, there is no such loop that could hang.
        if writing > timedelta(0):
            self._vitals.beat(WRITE, writing.total_seconds())
        else:
            self._vitals.over(WRITE)

    def waits_for_ledger(self, why: LedgerAwayError | None) -> None:
        """See sender.ports.DeliveryMonitor."""
        self._wait_for_ledger(DELIVER, why)


async def delivered(delivery: Delivery, vitals: Vitals, stop: Stop) -> None:
    """Deliver until told to stop; what is under way is finished."""
    try:
        await delivery.run(stop.in_loop())
    finally:
        vitals.over(DELIVER)
        vitals.over(WRITE)


LOOP: Final = "look_at_ledger"
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at the ledger."""


class MonitoredLedger(JobListing, Waits, Protocol):
    """What is looked at of the ledger, every few seconds."""


class SendingMonitor(ServiceMonitor):
    """Sees how jobs are taken in and delivered, wherever they come from."""

    def __init__(self, waits_for: Mapping[str, str]) -> None:
        super().__init__({"ledger": "not opened yet"} | dict(waits_for))
        self.sender = SenderMetrics(self.registry)
        self.ledger = LedgerMetrics(self.registry)
        self.outcomes = OutcomeMetrics(self.registry)
        self.delivery = LivingDelivery(self.sender, self.vitals, self.waits_for_ledger)
        self._outage = LedgerOutage()

    def accepted(self, taken: Accepted) -> None:
        """Jobs were taken into the ledger, or refused."""
        self.sender.taken_in(taken.admissions, taken.refused)

    def waits_for_ledger(self, part: str, why: LedgerAwayError | None) -> None:
        """A part of the service waits until the ledger answers again; None: it does. Called from any thread."""
        if why is None:
            self.vitals.ready(f"ledger ({part})")
            self._outage.is_over(part)
        else:
            self.vitals.not_ready(f"ledger ({part})", str(why))
            self._outage.goes_on(part, why.code, str(why))

    def asked_ledger_nothing(self, part: str) -> None:
        """A part had nothing to ask the ledger. It counts as waiting only while others do. Called from any thread."""
        if not self._outage.holds_up(part):
            self.waits_for_ledger(part, None)

    def looking_at(self, ledger: MonitoredLedger, clock: Clock) -> AbstractContextManager[None]:
        """Look at the ledger every few seconds within the block. Not where nobody scrapes: a look counts all jobs."""
        if not self.is_shown:
            return nullcontext()
        return in_background(partial(self._look, ledger, clock), "ledger-metrics")

    def _look(self, ledger: MonitoredLedger, clock: Clock, stop: threading.Event) -> None:
        while not stop.is_set():
            self.vitals.beat(LOOP)
            try:
                counts, holds, oldest = ledger.counts(), ledger.holds(), ledger.oldest()
                # A job whose mailbox is put off is not late through a fault of this sender.
                due = ledger.next_due(recipients_of(ledger.waits(clock.now())))
                self.ledger.show(counts, holds, oldest, due, clock.now())
                self.vitals.ready("ledger")
            except LedgerUnavailableError as error:
                self.vitals.not_ready("ledger", str(error))
            stop.wait(LOOK_EVERY)
        self.vitals.over(LOOP)


class SenderMonitor(SendingMonitor, ReadingMonitor):
    """Sees everything that a sender does on Kafka, and shows it."""

    def __init__(self) -> None:
        super().__init__({"people": "the directory is not complete yet"})
        self._lag: LagMetrics | None = None

    def generations(self, count: int) -> None:
        """This sender has been part of so many generations of its group."""
        if self._lag is not None:
            self._lag.generations(count)

    def looking_at_lag(self, settings: KafkaSettings, membership: Membership) -> AbstractContextManager[None]:
        """Look at the lag of the sender's group within the block; not where nobody scrapes."""
        if not self.is_shown:
            return nullcontext()
        self._lag = LagMetrics(self.registry, membership.instance)
        return monitoring_lag(self._lag, self.vitals, settings, membership.group, JOBS)
