"""What can be seen of a running sender from outside: metrics of deliveries and ledger, and whether it is alive."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from adapters.prometheus.ledger_metrics import LedgerMetrics
from adapters.prometheus.sender_metrics import SenderMetrics
from adapters.web.operations import operations
from adapters.web.serving import serving
from sender.ledger import Ledger, LedgerUnavailableError
from sender.ports import Clock
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
        self.vitals = Vitals(time.monotonic)
        for part, reason in (("people", "the directory is not complete yet"), ("ledger", "not opened yet")):
            self.vitals.not_ready(part, reason)

    @contextmanager
    def shown(self, listen: tuple[str, int] | None) -> Iterator[int | None]:
        """Answer probes and scrapes within the block; gives the port. Raises AddressError."""
        if listen is None:
            yield None
            return
        with serving(operations(self.registry, self.vitals.stuck, self.vitals.reasons), *listen) as port:
            yield port

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
