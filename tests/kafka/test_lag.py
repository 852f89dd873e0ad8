"""The lag, held between readings that the broker gave by other means just before and after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from kafka import TopicPartition

from adapters.kafka.errors import KafkaUnavailableError, NotCommittedError
from adapters.kafka.lag_reader import LagReader
from schemas.lag import PartitionReading, Status
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.kafka.members import GROUP, event_log, member, settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import NativeBroker
from tocsin.services.monitoring.lag_status import LagWindow, judge

pytestmark = pytest.mark.kafka
WAIT = 20.0
HANGS_FOR = 10.0
"""Twice what a broker is given for one answer; kafka-python's own patience is half a minute."""


@contextmanager
def lag_of(cluster: Cluster) -> Iterator[LagReader]:
    with closing(LagReader(settings_of(cluster), GROUP, TICKETS)) as reader:
        yield reader


def filled(cluster: Cluster, number: int = 10, partitions: int = 1) -> Cluster:
    cluster.create(TICKETS, partitions=partitions)
    append(cluster, number, partitions)
    return cluster


def append(cluster: Cluster, number: int, partitions: int = 1) -> None:
    for partition in range(partitions):
        cluster.append((NewRecord(TICKETS, b"k", b"%d" % one) for one in range(number)), partition)


def by_other_means(cluster: Cluster) -> list[int]:
    """Records behind the committed offset of each partition, or behind its beginning, by the test's own clients."""
    committed, ends = cluster.committed(GROUP, TICKETS), cluster.ends(TICKETS)
    return [ends[one] - committed.get(one, 0) for one in sorted(ends)]


def records(readings: list[PartitionReading]) -> list[int]:
    return [one.records for one in readings]


def test_what_a_group_that_never_ran_would_begin_with_waits(cluster: Cluster) -> None:
    cluster.create(TICKETS, partitions=2, configs={"message.timestamp.type": "LogAppendTime"})
    append(cluster, 10)
    with lag_of(cluster) as lag:
        (reading, empty), members = lag.read()
        assert (reading.committed, reading.records, reading.end, reading.owner, members) == (None, 10, 10, None, [])
        assert (empty.records, empty.seconds) == (0, 0.0)
        assert (judge([reading]), judge([empty])) == (Status.STOP, Status.OK)
        # The control: this is where it does begin, and with which record.
        with event_log(cluster, member()) as log:
            first, *_ = log.poll(10, WAIT)
            assert (first.offset, first.timestamp) == (reading.start, reading.oldest)


def test_what_the_log_has_forgotten_is_not_waited_for_without_a_commit_either(cluster: Cluster) -> None:
    filled(cluster)
    with cluster.admin() as admin:
        admin.delete_records({TopicPartition(cluster.prefix + TICKETS, 0): 4})
    with lag_of(cluster) as lag:
        [reading], _ = lag.read()
    assert (reading.start, reading.records) == (4, 6)
    assert reading.seconds is not None


def test_marks_alone_are_nothing_that_waits_without_a_commit(cluster: Cluster) -> None:
    cluster.create(TICKETS)
    with cluster.aborted([NewRecord(TICKETS, b"k", b"never")]):
        pass
    with lag_of(cluster) as lag:
        [reading], _ = lag.read()
    assert reading.end > reading.start
    assert (reading.records, reading.seconds, judge([reading])) == (0, 0.0, Status.OK)


def test_a_broker_that_hangs_is_named_within_seconds_and_asked_again(lone_cluster: Cluster, lone: NativeBroker) -> None:
    filled(lone_cluster)
    with lag_of(lone_cluster) as lag:
        lag.read()
        started = time.monotonic()
        lone.pause()
        try:
            with pytest.raises(KafkaUnavailableError, match="Kafka does not answer in time"):
                lag.read()
            assert time.monotonic() - started < HANGS_FOR
            with pytest.raises(KafkaUnavailableError, match="Kafka does not answer in time"):
                LagReader(settings_of(lone_cluster), GROUP, TICKETS)
        finally:
            lone.resume()
    with lag_of(lone_cluster) as again:
        assert records(again.read()[0]) == [10]


def test_it_is_held_between_two_other_readings_while_a_group_works(cluster: Cluster) -> None:
    filled(cluster, 20, partitions=2)
    with event_log(cluster, member()) as log, lag_of(cluster) as lag:
        for _ in range(3):
            polled = log.poll(10, WAIT)
            before = by_other_means(cluster)
            readings, members = lag.read()
            assert members == ["one"]
            assert {one.owner for one in readings} == {"one"}
            assert records(readings) == before
            log.commit(polled, [])
            append(cluster, 1, 2)
            later = records(lag.read()[0])
            assert later == by_other_means(cluster)


def test_it_is_right_while_partitions_change_hands(cluster: Cluster) -> None:
    filled(cluster, 200, partitions=2)
    owners: set[str | None] = set()
    with event_log(cluster, member("one")) as first, lag_of(cluster) as lag:
        first.commit(first.poll(150, WAIT), [])
        first.commit(first.poll(150, WAIT), [])
        with event_log(cluster, member("two")) as second:
            deadline = time.monotonic() + WAIT
            while owners != {"one", "two"}:
                assert time.monotonic() < deadline
                before = by_other_means(cluster)
                readings, _ = lag.read()
                after = by_other_means(cluster)
                for most, shown, least in zip(before, records(readings), after, strict=True):
                    assert 0 <= least <= shown <= most
                assert sum(one.records for one in readings) > 0
                owners = {one.owner for one in readings}
                for log in (first, second):
                    with suppress(NotCommittedError):
                        log.commit(log.poll(1, 0.2), [])


def test_a_group_without_a_member_still_has_its_lag(cluster: Cluster) -> None:
    filled(cluster)
    with event_log(cluster, member()) as log:
        polled = log.poll(4, WAIT)
        log.commit(polled, [])
        log.close(for_good=True)
    with lag_of(cluster) as lag:
        [reading], members = lag.read()
    assert (reading.records, reading.owner, members) == (6, None, [])
    assert reading.seconds is not None
    assert reading.seconds > 0


def test_the_wait_is_that_of_the_oldest_record_that_is_not_done_with(cluster: Cluster) -> None:
    cluster.create(TICKETS, configs={"message.timestamp.type": "LogAppendTime"})
    append(cluster, 1)
    with event_log(cluster, member()) as log, lag_of(cluster) as lag:
        polled = log.poll(1, WAIT)
        log.commit(polled, [])
        append(cluster, 1)
        [reading], _ = lag.read()
        [second] = log.poll(1, WAIT)
        assert reading.oldest == second.timestamp
        assert reading.oldest > polled[0].timestamp
        log.commit([second], [])
        [reading], _ = lag.read()
        assert (reading.records, reading.oldest, reading.seconds) == (0, None, 0.0)


def test_marks_of_transactions_are_no_backlog_and_an_open_one_is(cluster: Cluster) -> None:
    filled(cluster, 1)
    with event_log(cluster, member()) as log, lag_of(cluster) as lag:
        log.commit(log.poll(1, WAIT), [])
        began = datetime.now(UTC)
        with cluster.aborted([NewRecord(TICKETS, b"k", b"never")]):
            [open_one], _ = lag.read()
            # It may yet be committed: it is neither drained, nor can it be read.
            assert open_one.records == 1
            assert open_one.oldest is not None
            assert open_one.oldest >= began
        [aborted], _ = lag.read()
        assert aborted.end > (aborted.committed or 0)
        assert (aborted.records, aborted.seconds) == (0, 0.0)
        append(cluster, 1)
        [again], _ = lag.read()
        assert again.records > 0


def test_a_group_that_has_done_all_is_up_to_date_however_often_one_looks(cluster: Cluster) -> None:
    """Behind its last commit stand marks of transactions, and they stay there for as long as nothing comes."""
    filled(cluster, 2, partitions=2)
    clock = datetime.now(UTC)
    window = LagWindow(GROUP, TICKETS, timedelta(minutes=10))
    with (
        event_log(cluster, member()) as log,
        closing(LagReader(settings_of(cluster), GROUP, TICKETS, now=lambda: clock)) as lag,
    ):
        done = 0
        while done < 4:
            polled = log.poll(10, WAIT)
            log.commit(polled, [])
            done += len(polled)
        with cluster.aborted([NewRecord(TICKETS, b"k", b"never")]):
            pass
        for _ in range(21):
            group = window.add(*lag.read())
            assert (group.status, group.records, group.seconds) == (Status.OK, 0, 0.0)
            clock += timedelta(seconds=30)


def test_a_record_behind_marks_has_waited_since_it_came(cluster: Cluster) -> None:
    cluster.create(TICKETS, partitions=2, configs={"message.timestamp.type": "LogAppendTime"})
    append(cluster, 1, 2)
    clock = datetime.now(UTC)
    with (
        event_log(cluster, member()) as log,
        closing(LagReader(settings_of(cluster), GROUP, TICKETS, now=lambda: clock)) as lag,
    ):
        done = 0
        while done < 2:
            polled = log.poll(10, WAIT)
            log.commit(polled, [])
            done += len(polled)
        lag.read()
        for _ in range(3):
            with cluster.aborted([NewRecord(TICKETS, b"k", b"never")]):
                pass
        clock += timedelta(minutes=5)
        lag.read()
        append(cluster, 1, 2)
        came = datetime.now(UTC)
        readings, _ = lag.read()
        for reading in readings:
            assert reading.oldest is not None
            assert abs(reading.oldest - came) < timedelta(seconds=10)
