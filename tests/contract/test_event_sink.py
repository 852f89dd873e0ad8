"""What every sink of events promises; run on each adapter, and on sinks that break one promise each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.kafka.event_sink import KafkaEventSink
from adapters.kafka.settings import KafkaSettings
from intake.ports import LogAwayError, LogUnavailableError
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.contract.event_sink_worlds import KafkaWorld, MemoryWorld, SqliteWorld, World, kept_of, let_go, record
from tests.support.brokers.cluster import Cluster
from tests.support.intake.in_memory_sink import InMemoryEventSink

Promise = Callable[[World], None]


def what_was_appended_is_there_whole_and_in_order(world: World) -> None:
    world.sink.append([record(1)])
    world.sink.append([record(2), record(3)])
    world.sink.append([])
    assert list(world.kept()) == kept_of([record(1), record(2), record(3)])


def a_batch_is_appended_whole_or_not_at_all(world: World) -> None:
    broken = replace(record(3), value=object())
    with pytest.raises(Exception):  # noqa: B017, PT011 - each adapter has its own error for what is no bytes
        world.sink.append([record(1), record(2), broken])
    world.sink.append([record(4), record(5)])
    assert list(world.kept()) == kept_of([record(4), record(5)])


def a_log_that_is_away_is_named_in_time_and_found_again(world: World) -> None:
    world.sink.append([record(1)])
    with world.away():
        for records in ([record(2)], [record(2), record(3)]):
            before = time.monotonic()
            with pytest.raises(LogAwayError):
                world.sink.append(records)
            assert time.monotonic() - before < world.bound
    deadline = time.monotonic() + 60
    while True:
        # A log that was away just now may take a moment until it is back.
        try:
            world.sink.append([record(4), record(5)])
            break
        except LogAwayError:
            assert time.monotonic() < deadline
    values = [value for _, value, _ in world.kept()]
    assert (values[0], values[-2:]) == (b"1", [b"4", b"5"])


def several_append_side_by_side(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(world.sink.append, _batch(number)) for number in range(24)]:
            done.result()
    expected = kept_of([one for number in range(24) for one in _batch(number)])
    assert sorted(world.kept()) == sorted(expected)


def _batch(number: int) -> list[NewRecord]:
    return [record(10 * number + place, b"T-%d" % number) for place in range(1 + number % 3)]


class AppendsTheLastFirst(InMemoryEventSink):
    def append(self, records: Sequence[NewRecord]) -> None:
        super().append(records[::-1])


class AppendsOneByOne(InMemoryEventSink):
    def append(self, records: Sequence[NewRecord]) -> None:
        for one in records:
            super().append([one])


class Swallows(InMemoryEventSink):
    def append(self, records: Sequence[NewRecord]) -> None:
        if self.why is None:
            super().append(records)


class KeepsTheFirst(InMemoryEventSink):
    def append(self, records: Sequence[NewRecord]) -> None:
        super().append(records[:1])


BROKEN: dict[Promise, type[Any]] = {
    what_was_appended_is_there_whole_and_in_order: AppendsTheLastFirst,
    a_batch_is_appended_whole_or_not_at_all: AppendsOneByOne,
    a_log_that_is_away_is_named_in_time_and_found_again: Swallows,
    several_append_side_by_side: KeepsTheFirst,
}
every_promise = pytest.mark.parametrize("promise", BROKEN, ids=lambda promise: promise.__name__)


class TestEventSink:
    """One class for all adapters."""

    @pytest.fixture(params=["memory", "sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
        made: World
        if request.param == "memory":
            made = MemoryWorld()
        elif request.param == "sqlite":
            made = SqliteWorld(tmp_path)
        else:
            made = self.on_kafka(request)
        yield made
        let_go(made.sink)

    def on_kafka(self, request: pytest.FixtureRequest) -> KafkaWorld:
        if "away" not in request.node.name:
            return KafkaWorld(request.getfixturevalue("cluster"), None, timedelta(seconds=20))
        # Only a broker of its own may hang.
        lone_cluster, lone = request.getfixturevalue("lone_cluster"), request.getfixturevalue("lone")
        return KafkaWorld(lone_cluster, lone, timedelta(seconds=2))

    @every_promise
    def test_keeps_the_promise(self, world: World, promise: Promise) -> None:
        promise(world)


@every_promise
def test_a_sink_that_breaks_the_promise_is_found(promise: Promise) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        promise(MemoryWorld(BROKEN[promise]()))


@pytest.mark.kafka
def test_a_topic_that_is_missing_is_no_log_that_is_away(cluster: Cluster) -> None:
    sink = KafkaEventSink(KafkaSettings((cluster.bootstrap,), cluster.prefix), "one", timedelta(seconds=20))
    with pytest.raises(LogUnavailableError, match="tocsin topics create") as caught:
        sink.append([record(1)])
    assert not isinstance(caught.value, LogAwayError)
    cluster.create(TICKETS)
    sink.append([record(1)])
    sink.close()


@pytest.mark.kafka
def test_a_record_that_the_topic_does_not_take_is_refused_and_others_go_on(cluster: Cluster) -> None:
    cluster.create(TICKETS, configs={"max.message.bytes": "1000"})
    sink = KafkaEventSink(KafkaSettings((cluster.bootstrap,), cluster.prefix), "one", timedelta(seconds=20))
    large = replace(record(1), value=b"x" * 5_000)
    for records in ([large], [record(2), large]):
        with pytest.raises(LogUnavailableError) as caught:
            sink.append(records)
        assert not isinstance(caught.value, LogAwayError)
    sink.append([record(3)])
    sink.append([record(4), record(5)])
    assert [one.value for one in cluster.read(TICKETS)] == [b"3", b"4", b"5"]
    sink.close()


def test_where_no_broker_is_the_log_is_away_in_time() -> None:
    sink = KafkaEventSink(KafkaSettings(("127.0.0.1:1",)), "one")
    before = time.monotonic()
    with pytest.raises(LogAwayError):
        sink.append([record(1)])
    assert time.monotonic() - before < 40
    let_go(sink)
