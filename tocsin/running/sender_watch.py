"""What can be seen of a running sender from outside: metrics of deliveries and ledger, and whether it is alive."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from adapters.kafka.settings import KafkaSettings, Membership
from adapters.prometheus.lag_metrics import LagMetrics
from adapters.prometheus.ledger_metrics import LedgerMetrics
from adapters.prometheus.rules_metrics import RulesMetrics
from adapters.prometheus.sender_metrics import SenderMetrics
from adapters.prometheus.vitals_metrics import VitalsMetrics
from adapters.web.operations import operations
from adapters.web.serving import serving
from schemas.topics import JOBS
from sender.ledger import Ledger, LedgerUnavailableError
from sender.ports import Clock
from tocsin.running.lag_watch import watching_lag
from tocsin.running.rules_in_force import WatchedRules
from tocsin.running.vitals import Vitals

log = structlog.get_logger()

LOOK_EVERY: Final = 5.0
"""Seconds between two looks at the ledger."""


class SenderWatch:
    """Sees everything that a sender does, and shows it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.sender = SenderMetrics(self.registry)
        self.ledger = LedgerMetrics(self.registry)
        self._rules = RulesMetrics(self.registry)
        self._is_shown = False
        self.vitals = Vitals(time.monotonic)
        VitalsMetrics(self.registry, self.vitals)
        for part, reason in (("people", "the directory is not complete yet"), ("ledger", "not opened yet")):
            self.vitals.not_ready(part, reason)

    def rules_changed(self, watched: WatchedRules) -> None:
        """Rules and templates were put in force, or a change of their files was refused."""
        self._rules.refused(bool(watched.faults))

    @contextmanager
    def shown(self, listen: tuple[str, int] | None) -> Iterator[int | None]:
        """Answer probes and scrapes within the block; gives the port. Raises AddressError."""
        if listen is None:
            yield None
            return
        self._is_shown = True
        with serving(operations(self.registry, self.vitals.stuck, self.vitals.reasons), *listen) as port:
            yield port

    def looking_at_lag(self, settings: KafkaSettings, membership: Membership) -> AbstractContextManager[None]:
        """Look at the lag of the sender's group within the block, where anybody sees it."""
        if not self._is_shown:
            return nullcontext()
        metrics = LagMetrics(self.registry, membership.instance)
        return watching_lag(metrics, settings, membership.group, JOBS)

    @contextmanager
    def looking_at(self, ledger: Ledger, clock: Clock) -> Iterator[None]:
        """Look at the ledger every few seconds within the block, from a thread of its own."""
        stop = threading.Event()
        thread = threading.Thread(target=self._look, args=(ledger, clock, stop), name="ledger-metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _look(self, ledger: Ledger, clock: Clock, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                counts, oldest, due = ledger.counts(), ledger.oldest(), ledger.next_due()
                self.ledger.show(counts, oldest, due, clock.now())
                self.vitals.ready("ledger")
            except LedgerUnavailableError as error:
                self.vitals.not_ready("ledger", str(error))
            stop.wait(LOOK_EVERY)
