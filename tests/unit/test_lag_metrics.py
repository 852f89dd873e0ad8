"""The lag as metrics: of each partition by its owner alone, and of the whole group by every member."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from adapters.prometheus.lag_metrics import LagMetrics
from schemas.lag import PartitionReading
from tocsin.services.monitoring.lag_status import group_lag

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OWN = ("tocsin_lag_records", "tocsin_lag_seconds", "tocsin_lag_stalled")
OF_THE_GROUP = (
    "tocsin_group_lag_records",
    "tocsin_group_lag_seconds",
    "tocsin_group_halted_seconds",
    "tocsin_partitions_unowned",
    "tocsin_partitions_assigned",
)


def reading(partition: int, owner: str | None, committed: int | None = 5, end: int = 8) -> PartitionReading:
    drained = committed is not None and committed >= end
    oldest = None if drained else AT - timedelta(seconds=3)
    return PartitionReading("tickets", partition, AT, committed, 0, end, oldest, drained, owner)


class Member:
    """One member's metrics, as they are scraped."""

    def __init__(self, name: str) -> None:
        self._registry = CollectorRegistry()
        self._metrics = LagMetrics(self._registry, name)

    def sees(self, *readings: PartitionReading) -> None:
        self._metrics.show(group_lag("engine", "tickets", [], [[one] for one in readings]))

    def asks_in_vain(self) -> None:
        self._metrics.unknown()

    def figures(self) -> set[str]:
        return {one.name for family in self._registry.collect() for one in family.samples}

    def read_at(self) -> float | None:
        return self._registry.get_sample_value("tocsin_lag_read_timestamp_seconds")

    def own(self, name: str) -> dict[str, float]:
        samples = [one for family in self._registry.collect() for one in family.samples if one.name == name]
        return {one.labels["partition"]: one.value for one in samples}

    def group(self, name: str) -> float | None:
        return self._registry.get_sample_value(name, {"topic": "tickets"})


def test_the_series_of_a_revoked_partition_leave_the_old_owner() -> None:
    one, two = Member("one"), Member("two")
    for member in (one, two):
        member.sees(reading(0, "one"), reading(1, "one"))
    assert [set(one.own(name)) for name in OWN] == [{"0", "1"}] * 3
    assert [set(two.own(name)) for name in OWN] == [set()] * 3
    for member in (one, two):
        member.sees(reading(0, "one"), reading(1, "two"))
    assert [set(one.own(name)) for name in OWN] == [{"0"}] * 3
    assert [set(two.own(name)) for name in OWN] == [{"1"}] * 3


def test_what_nobody_has_is_in_the_figures_of_the_group() -> None:
    member = Member("one")
    member.sees(reading(0, None), reading(1, None))
    assert member.own("tocsin_lag_records") == {}
    assert member.group("tocsin_group_lag_records") == 6
    assert member.group("tocsin_group_lag_seconds") == 3
    assert member.group("tocsin_partitions_unowned") == 2


def test_a_partition_that_was_never_committed_makes_no_zero() -> None:
    member = Member("one")
    member.sees(reading(0, "one", committed=None), reading(1, "one", committed=8))
    assert member.own("tocsin_lag_records") == {"0": 8, "1": 0}
    assert (member.group("tocsin_group_lag_records"), member.group("tocsin_group_lag_seconds")) == (8, 3)
    member.sees(reading(0, "one", committed=8), reading(1, "one", committed=8))
    assert (member.group("tocsin_group_lag_records"), member.group("tocsin_group_lag_seconds")) == (0, 0)


def test_what_kafka_does_not_say_is_no_figure_and_the_time_of_the_last_one_stays() -> None:
    member = Member("one")
    member.sees(reading(0, "one"), reading(1, None))
    before = member.figures()
    assert {*OWN, *OF_THE_GROUP} <= before
    member.asks_in_vain()
    assert member.figures() == before - {*OWN, *OF_THE_GROUP}
    assert member.read_at() == AT.timestamp()
    member.sees(reading(0, "one"), reading(1, None))
    assert member.figures() == before


def test_a_commit_behind_an_end_that_is_known_from_before_is_no_negative_lag() -> None:
    member = Member("one")
    member.sees(reading(0, "one", committed=12, end=8))
    assert member.own("tocsin_lag_records") == {"0": 0}
    assert member.group("tocsin_group_lag_records") == 0
