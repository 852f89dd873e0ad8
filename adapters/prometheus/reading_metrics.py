"""Metrics of what a process reads from Kafka: what of it can't be decoded."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge


class ReadingMetrics:
    """The metrics of one process on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._damaged = Gauge(
            "tocsin_damaged_batches",
            "Batches that can't be decoded, at each of which a partition stands still.",
            ["topic", "partition"],
            registry=registry,
        )

    def damaged(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Topic and partition of each batch at which one stands still now."""
        self._damaged.clear()
        for topic, partition in partitions:
            self._damaged.labels(topic, str(partition)).set(1)
