"""Metrics of the ledger: how many jobs stand where, how long the oldest has waited, and what is still to be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from sender.states import Hold, State


class LedgerMetrics:
    """The ledger's metrics on one registry. Several senders on one ledger all show the same."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Gauge("tocsin_ledger_jobs", "Jobs in each state.", ["state"], registry=registry)
        self._held = Gauge("tocsin_ledger_held_jobs", "Jobs that are held, by what.", ["hold"], registry=registry)
        self._oldest = Gauge(
            "tocsin_ledger_oldest_seconds",
            "How long ago the oldest open job of each state was accepted; 0 where there is none. What is held for its "
            "digest or by quiet hours does not count.",
            ["state"],
            registry=registry,
        )
        self._overdue = Gauge(
            "tocsin_ledger_overdue_seconds",
            "How long what is due next has been due: a sender that keeps up has it near 0.",
            registry=registry,
        )
        self._published = Counter(
            "tocsin_outcomes_published", "Outcomes and suppressions that were published.", registry=registry
        )
        self._empty = Gauge(
            "tocsin_outbox_empty_timestamp_seconds",
            "When nothing was left to be published; at first, when the process started.",
            registry=registry,
        )
        self._read = Gauge(
            "tocsin_ledger_read_timestamp_seconds",
            "When the ledger was last asked; at first, when the process started.",
            registry=registry,
        )
        for gauge in (self._empty, self._read):
            gauge.set_to_current_time()

    def show(
        self,
        counts: Mapping[State, int],
        holds: Mapping[Hold, int],
        oldest: Mapping[State, datetime],
        next_due: datetime | None,
        now: datetime,
    ) -> None:
        """What the ledger said at `now`."""
        for state, number in counts.items():
            self._jobs.labels(state.value).set(number)
        for hold, number in holds.items():
            self._held.labels(hold.value).set(number)
        for state in State:
            since = oldest.get(state)
            self._oldest.labels(state.value).set(0.0 if since is None else max(0.0, (now - since).total_seconds()))
        self._overdue.set(0.0 if next_due is None else max(0.0, (now - next_due).total_seconds()))
        self._read.set(now.timestamp())

    def published(self, records: int, now: datetime) -> None:
        """So many records were published; none: nothing is left."""
        self._published.inc(records)
        if records == 0:
            self._empty.set(now.timestamp())
