"""Metrics of what a process reads from Kafka: what of it can't be decoded."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge


class ReadingMetrics:
    """The metrics of one process on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._damaged = Gauge(
            "tocsin_damaged_batches",
            "Batches that can't be decoded, at each of which a partition stands still.",
            ["topic"],
            registry=registry,
        )

    def damaged(self, topics: Iterable[str]) -> None:
        """The topic of each batch at which a partition stands still now."""
        found = Tally(topics)
        self._damaged.clear()
        for topic, number in found.items():
            self._damaged.labels(topic).set(number)
