"""Metrics of what a process reads from Kafka: what can't be decoded, and what stands where it should not."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge


class ReadingMetrics:
    """The metrics of one process on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._damaged = Gauge(
            "tocsin_damaged_batches",
            "Batches that can't be decoded, at each of which a partition stands still.",
            ["topic"],
            registry=registry,
        )
        self._misplaced = Counter(
            "tocsin_misplaced_records",
            "Records that stand in another partition than that of their key, or have another key than the ticket's id.",
            ["fault"],
            registry=registry,
        )
        for fault in ("partition", "key"):
            self._misplaced.labels(fault)

    def damaged(self, topics: Iterable[str]) -> None:
        """The topic of each batch at which a partition stands still now."""
        found = Tally(topics)
        self._damaged.clear()
        for topic, number in found.items():
            self._damaged.labels(topic).set(number)

    def misplaced(self, faults: Mapping[str, int]) -> None:
        """So many more records were misplaced, by fault: `partition` or `key`."""
        for fault, number in faults.items():
            self._misplaced.labels(fault).inc(number)
