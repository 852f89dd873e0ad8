"""What can't be decoded, as a metric: each partition that stands still at it, for as long as it does."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from adapters.kafka.errors import DamagedBatch
from adapters.prometheus.reading_metrics import ReadingMetrics
from tocsin.services.monitoring.service import ReadingMonitor

TOPIC = "helpdesk.tickets"


def standing(registry: CollectorRegistry) -> dict[str, float]:
    """The value for each partition that has one."""
    samples = [one for family in registry.collect() for one in family.samples if one.name == "tocsin_damaged_batches"]
    return {one.labels["partition"]: one.value for one in samples}


def test_each_partition_that_stands_still_is_named_until_it_goes_on() -> None:
    registry = CollectorRegistry()
    metrics = ReadingMetrics(registry)
    assert standing(registry) == {}
    metrics.damaged([(TOPIC, 3), (TOPIC, 7)])
    assert standing(registry) == {"3": 1, "7": 1}
    metrics.damaged([(TOPIC, 7)])
    assert standing(registry) == {"7": 1}
    metrics.damaged([])
    assert standing(registry) == {}


def test_probe_and_metric_tell_of_the_same_batches() -> None:
    monitor = ReadingMonitor({})
    monitor.damaged([DamagedBatch(TOPIC, 3, 5_512, 5_514, "a batch (compression none) can't be decoded: crc")])
    assert standing(monitor.registry) == {"3": 1}
    [reason] = monitor.vitals.reasons()
    assert f"{TOPIC}, partition 3, offset 5512 (to 5514)" in reason
    monitor.damaged([])
    assert (standing(monitor.registry), monitor.vitals.reasons()) == ({}, [])
