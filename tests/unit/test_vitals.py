"""Alive and ready, and what HTTP says of it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.bounded import OTHER, BoundedLabel
from adapters.prometheus.lag_metrics import LagMetrics
from adapters.web.application import application
from adapters.web.errors import AddressError
from adapters.web.operations import operations
from adapters.web.serving import serving
from schemas.lag import PartitionReading
from tests.support.sender.fakes import START
from tocsin.services.lifecycle.vitals import Vitals
from tocsin.services.monitoring.lag_status import group_lag


class Monotonic:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Monotonic:
    return Monotonic()


@pytest.fixture
def vitals(clock: Monotonic) -> Vitals:
    return Vitals(clock, stuck_after=10.0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def address(vitals: Vitals, registry: CollectorRegistry) -> Iterator[str]:
    part = operations(registry, vitals.stuck, vitals.reasons, vitals.remarks)
    with serving(application([part]), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


def ask(address: str, accept: str = "") -> tuple[int, str]:
    try:
        with urlopen(Request(address, headers={"Accept": accept}), timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_a_loop_that_comes_round_is_alive(address: str, vitals: Vitals, clock: Monotonic) -> None:
    vitals.beat("engine")
    clock.now += 10
    assert ask(f"{address}/livez") == (200, "ok\n")


def test_a_stuck_loop_fails_both(address: str, vitals: Vitals, clock: Monotonic) -> None:
    vitals.beat("engine")
    clock.now += 11
    words = "engine: has not come round for 11 s\n"
    assert ask(f"{address}/livez") == (503, words)
    assert ask(f"{address}/readyz") == (503, words)


def test_what_is_not_ready_says_why_and_stays_alive(address: str, vitals: Vitals) -> None:
    vitals.not_ready("rules", "none yet")
    vitals.not_ready("directory", "not complete yet")
    assert ask(f"{address}/readyz") == (503, "directory: not complete yet\nrules: none yet\n")
    assert ask(f"{address}/livez")[0] == 200
    vitals.ready("rules")
    vitals.ready("directory")
    assert ask(f"{address}/readyz") == (200, "ok\n")


def test_what_is_wrong_and_stops_nothing_is_named_and_leaves_it_ready(
    address: str, vitals: Vitals, clock: Monotonic
) -> None:
    vitals.remark("rules", ["rules.yaml:3:1: no such field"])
    vitals.remark("directory", ["a.yaml:2: this is not YAML"])
    assert ask(f"{address}/readyz") == (
        200,
        "ok\ndirectory: a.yaml:2: this is not YAML\nrules: rules.yaml:3:1: no such field\n",
    )
    vitals.not_ready("kafka", "does not answer")
    status, text = ask(f"{address}/readyz")
    assert (status, text.splitlines()[:2]) == (
        503,
        ["kafka: does not answer", "directory: a.yaml:2: this is not YAML"],
    )
    assert ask(f"{address}/livez") == (200, "ok\n")
    vitals.ready("kafka")
    vitals.remark("rules", [])
    vitals.remark("directory", [])
    assert ask(f"{address}/readyz") == (200, "ok\n")


def test_of_many_remarks_the_first_are_named(vitals: Vitals) -> None:
    vitals.remark("directory", [f"{number}.yaml" for number in range(1_000)])
    assert vitals.remarks()[-2:] == ["directory: 19.yaml", "directory: and 980 more"]


def test_a_port_that_is_taken_is_named(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with (
        pytest.raises(AddressError, match=f"127.0.0.1:{port}"),
        serving(application([operations(CollectorRegistry(), list, list)]), "127.0.0.1", port),
    ):
        pass


def reading(partition: int, owner: str | None, committed: int | None = 3) -> PartitionReading:
    return PartitionReading("helpdesk.tickets", partition, START, committed, 0, 10, START, False, owner)


def test_the_series_of_a_partition_leave_with_it(address: str, registry: CollectorRegistry) -> None:
    metrics = LagMetrics(registry, "one")

    def series() -> set[tuple[str, str]]:
        families = text_string_to_metric_families(ask(f"{address}/metrics")[1])
        return {
            (s.name, s.labels["partition"]) for family in families for s in family.samples if "partition" in s.labels
        }

    def show(*readings: PartitionReading) -> None:
        metrics.show(group_lag("engine", "helpdesk.tickets", ["one"], [[one] for one in readings]))

    show(reading(0, "one"), reading(1, "one"), reading(2, "two"), reading(3, None))
    names = ("tocsin_lag_records", "tocsin_lag_seconds", "tocsin_lag_stalled")
    assert series() == {(name, partition) for name in names for partition in "01"}
    show(reading(0, "two"), reading(1, "one", committed=None))
    assert series() == {(name, "1") for name in names}


def test_labels_from_data_are_bounded() -> None:
    label = BoundedLabel(2)
    assert [label.of(value) for value in ("a", "b", "a", "c", "d")] == ["a", "b", "a", OTHER, OTHER]


def test_metrics_are_given_in_the_format_that_is_asked_for(address: str, registry: CollectorRegistry) -> None:
    LagMetrics(registry, "one").show(group_lag("engine", "t", [], [[reading(0, "one")]]))
    plain, openmetrics = ask(f"{address}/metrics")[1], ask(f"{address}/metrics", "application/openmetrics-text")[1]
    assert "# EOF" in openmetrics
    assert "# EOF" not in plain


@pytest.mark.parametrize("accept", ["application/openmetrics-text;version=\xff", "application/openmetrics-text;q=x"])
def test_metrics_are_given_whatever_is_asked_for(address: str, accept: str) -> None:
    assert ask(f"{address}/metrics", accept)[0] == 200
