"""Metrics of the history: whether it has what was decided, and what kept it from that."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class HistoryMetrics:
    """The metrics of one process that fills a history, on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter("tocsin_history_decisions", "Decisions that were kept.", registry=registry)
        self._unreadable = Counter(
            "tocsin_history_unreadable", "Records of the topic of decisions that are none.", registry=registry
        )
        self._faults = Counter("tocsin_history_faults", "Batches that could not be kept, and wait.", registry=registry)
        self._lag = Gauge("tocsin_history_lag_records", "Events and decisions that wait.", registry=registry)
        self._current = Gauge(
            "tocsin_history_current_timestamp_seconds",
            "When nothing waited; at first, when the process started.",
            registry=registry,
        )
        self._current.set_to_current_time()

    def kept(self, decisions: int, unreadable: int) -> None:
        """A batch was kept."""
        self._decisions.inc(decisions)
        self._unreadable.inc(unreadable)

    def failed(self) -> None:
        """A batch was not kept."""
        self._faults.inc()

    def waits(self, records: int) -> None:
        """So many records wait now."""
        self._lag.set(records)
        if not records:
            self._current.set_to_current_time()
