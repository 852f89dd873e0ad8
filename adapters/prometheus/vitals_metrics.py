"""Metrics of a process itself: which of its parts can do their work, and whether its loops come round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Parts(Protocol):
    """What a process says of its parts and loops; asked for by the thread that answers scrapes."""

    def parts(self) -> Mapping[str, bool]:
        """Every part that was ever told of, and whether it is ready."""
        ...

    def ages(self) -> Mapping[str, float]:
        """Every loop, and how many seconds ago it came round."""
        ...


class VitalsMetrics(Collector):
    """What /readyz and /livez say, as metrics. Parts and loops are a handful, named in the code."""

    def __init__(self, registry: CollectorRegistry, vitals: Parts) -> None:
        self._vitals = vitals
        registry.register(self)

    def describe(self) -> list[GaugeMetricFamily]:
        """The metrics, without samples."""
        return [
            GaugeMetricFamily(
                "tocsin_part_ready", "Whether a part of this process can do its work (/readyz).", labels=["part"]
            ),
            GaugeMetricFamily(
                "tocsin_loop_age_seconds", "How long ago a loop of this process came round (/livez).", labels=["loop"]
            ),
        ]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See Collector."""
        ready, age = self.describe()
        for part, is_ready in self._vitals.parts().items():
            ready.add_metric([part], is_ready)
        for loop, seconds in self._vitals.ages().items():
            age.add_metric([loop], seconds)
        yield from (ready, age)
