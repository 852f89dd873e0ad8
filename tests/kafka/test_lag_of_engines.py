"""The lag that running engines show, held between two readings that the broker gave by other means around it."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from kafka.errors import KafkaError
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.faults.engines import PARTITIONS, Desk, until
from tests.incident.services import Service
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created
from tocsin.config.groups import ENGINE_GROUP

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
TAKES = 2.0
"""Seconds that one look of an engine at its lag may take: readings from before and after are that far away."""


class Reading(Struct, frozen=True):
    """What the test's own clients were told, between two moments."""

    began: float
    ended: float
    committed: dict[int, int]
    ends: dict[int, int]


class Shown(Struct, frozen=True):
    """One look at the lag, as an engine shows it: of its group, and of its own partitions by their numbers."""

    engine: str
    at: float
    records: float | None
    seconds: float | None
    own_records: dict[int, float]
    own_seconds: dict[int, float]
    bad: dict[int, float]


class Course:
    """Everything that was read while engines came and went."""

    def __init__(self, cluster: Cluster, engines: dict[str, Service]) -> None:
        self._cluster = cluster
        self._engines = engines
        self._stop = threading.Event()
        self._sent = 0
        self.readings: list[Reading] = []
        self.shown: dict[tuple[str, float], Shown] = {}

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Append events faster than they are decided now and then, and read, within the block."""
        threads = [threading.Thread(target=one) for one in (self._append, self._read, self._scrape)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def looks(self, engine: str | None = None) -> list[Shown]:
        """What was seen so far, of one engine or of all; another thread goes on to see more."""
        return [one for one in self.shown.copy().values() if engine in (None, one.engine)]

    def _append(self) -> None:
        while not self._stop.wait(0.5):
            events = [created(number) for number in range(self._sent, self._sent + 50)]
            self._sent += 50
            with Cluster(self._cluster.bootstrap, self._cluster.prefix) as own:
                own.append(NewRecord(TICKETS, one["id"].encode(), json.dumps(one).encode()) for one in events)

    def _read(self) -> None:
        while not self._stop.wait(0.1):
            with suppress(KafkaError):
                began = time.time()
                committed, ends = self._cluster.committed(ENGINE_GROUP, TICKETS), self._cluster.ends(TICKETS)
                self.readings.append(Reading(began, time.time(), committed, ends))

    def _scrape(self) -> None:
        while not self._stop.wait(0.2):
            for name, engine in self._engines.items():
                text = engine.get("/metrics")
                if text is not None:
                    shown = shown_in(name, text)
                    if shown.records is not None or shown.own_records:
                        self.shown[name, shown.at] = shown


def shown_in(engine: str, text: str) -> Shown:
    by_name: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            by_name.setdefault(sample.name, []).append((sample.labels, sample.value))

    def own(name: str) -> dict[int, float]:
        return {int(labels["partition"]): value for labels, value in by_name.get(name, [])}

    def whole(name: str) -> float | None:
        return next((value for _, value in by_name.get(name, [])), None)

    at = whole("tocsin_lag_read_timestamp_seconds")
    assert at is not None
    return Shown(
        engine,
        at,
        whole("tocsin_group_lag_records"),
        whole("tocsin_group_lag_seconds"),
        own("tocsin_lag_records"),
        own("tocsin_lag_seconds"),
        own("tocsin_lag_stalled"),
    )


class Bounds:
    """What a look at some moment must lie between, by the readings just before and after it."""

    def __init__(self, before: Reading, after: Reading, times: dict[tuple[int, int], float]) -> None:
        self._before = before
        self._after = after
        self._times = times

    def records(self, partition: int) -> tuple[int, int]:
        before, after = self._before, self._after
        return (
            max(0, before.ends[partition] - after.committed[partition]),
            after.ends[partition] - before.committed[partition],
        )

    def check(self, partition: int, records: float, seconds: float, at: float) -> None:
        least, most = self.records(partition)
        assert least <= records <= most
        if records == 0:
            assert seconds == 0
            return
        assert seconds > 0, "something waits, and has not waited at all"
        came = self._times.get((partition, self._before.committed[partition]))
        assert came is not None
        assert seconds <= at - came + 0.1, "it claims to have waited before it came"
        latest = self._times.get((partition, self._after.committed[partition]))
        if least > 0 and latest is not None:
            assert seconds >= self._before.began - latest


def check(course: Course, times: dict[tuple[int, int], float]) -> tuple[int, int]:
    """Hold every look of the engines against the readings around it; says how many, and how many saw a backlog."""
    checked = backlogs = 0
    for shown in course.looks():
        before = [one for one in course.readings if one.ended <= shown.at - TAKES and len(one.committed) == PARTITIONS]
        after = [one for one in course.readings if one.began >= shown.at]
        if not before or not after:
            continue
        bounds = Bounds(before[-1], after[0], times)
        for partition, records in shown.own_records.items():
            bounds.check(partition, records, shown.own_seconds[partition], shown.at)
        least, most = (sum(one) for one in zip(*map(bounds.records, range(PARTITIONS)), strict=True))
        assert shown.records is not None
        assert shown.seconds is not None
        assert least <= shown.records <= most
        assert (shown.seconds > 0) == (shown.records > 0)
        checked += 1
        backlogs += least > 0
    return checked, backlogs


def only_owner(course: Course, engine: str, since: float) -> set[int]:
    """The partitions that this engine showed at its last look before a moment."""
    looks = [one for one in course.looks(engine) if one.at < since]
    return set(max(looks, key=lambda one: one.at).own_records)


@pytest.mark.slow
def test_it_is_right_through_a_rebalance_and_a_restart(cluster: Cluster, tmp_path: Path) -> None:
    Desk(cluster)
    names = ("one", "two")
    engines = {name: Service(cluster, tmp_path, name, ["engine"]) for name in names}
    course = Course(cluster, engines)

    def has_all(engine: str) -> bool:
        looks = course.looks(engine)
        return bool(looks) and len(max(looks, key=lambda one: one.at).own_records) == PARTITIONS

    with ExitStack() as stack:
        for engine in engines.values():
            stack.callback(engine.end)
            engine.start()
        until(lambda: all(engine.is_ready() for engine in engines.values()), 90)
        stack.enter_context(course.going_on())
        until(lambda: all(only(course, name) == PARTITIONS // 2 for name in names), 60, lambda: time.sleep(0.2))
        # The bounds are those of commits; without one the lag counts from the start, which is held elsewhere.
        until(lambda: len(course.readings[-1].committed) == PARTITIONS, 60, lambda: time.sleep(0.2))
        time.sleep(TAKES)
        # Killed: its partitions go over to the other one once its session has ended.
        engines["two"].end(signal.SIGKILL)
        until(lambda: has_all("one"), 60, lambda: time.sleep(0.2))
        # It comes back: some go over to it again, and their series leave the other one.
        engines["two"].start()
        until(lambda: only(course, "two") == PARTITIONS // 2, 60, lambda: time.sleep(0.2))
        until(lambda: only(course, "one") == PARTITIONS // 2, 60, lambda: time.sleep(0.2))
        moment = time.time()
        assert only_owner(course, "one", moment).isdisjoint(only_owner(course, "two", moment))
        # A restart under the same name, by a signal.
        engines["one"].end(signal.SIGTERM)
        engines["one"].start()
        until(engines["one"].is_ready, 60)
        until(lambda: max(one.at for one in course.looks("one")) > moment + 5, 60)
        time.sleep(2 * TAKES)
    times = {(one.partition, one.offset): one.timestamp.timestamp() for one in cluster.read(TICKETS)}
    checked, backlogs = check(course, times)
    assert checked > 10
    assert backlogs >= 3


@pytest.mark.parametrize(("records", "seconds"), [(0, 0), (-1, 0), (4, 0), (21, 3), (10, 60), (10, 0.5)])
def test_a_figure_that_is_wrong_is_noticed(records: float, seconds: float) -> None:
    """The control: between 5 and 20 events waited, the oldest for two seconds to five."""
    before, after = Reading(100, 100.1, {0: 10}, {0: 25}), Reading(102, 102.1, {0: 20}, {0: 30})
    bounds = Bounds(before, after, {(0, 10): 97.0, (0, 20): 98.0})
    bounds.check(0, 10, 3, 102)
    with pytest.raises(AssertionError):
        bounds.check(0, records, seconds, 102)


def only(course: Course, engine: str) -> int:
    """How many partitions an engine shows by now."""
    looks = course.looks(engine)
    return len(max(looks, key=lambda one: one.at).own_records) if looks else 0
