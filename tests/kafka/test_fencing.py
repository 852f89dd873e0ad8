"""Whoever was taken for dead commits nothing more, and goes on without doubling anything."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress

import pytest

from adapters.kafka.errors import InstanceTakenError, KafkaRefusedError, NotCommittedError
from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.transaction import Step
from schemas.log import NewRecord, Record
from schemas.topics import JOBS, TICKETS
from tests.contract.event_log_worlds import polled
from tests.kafka.members import GROUP, event_log, member
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka
WAIT = 20.0
EVENTS = 40


@pytest.fixture
def desk(cluster: Cluster) -> Cluster:
    cluster.create(TICKETS, JOBS, partitions=4)
    cluster.append(NewRecord(TICKETS, b"T-%d" % number, b"%d" % number) for number in range(EVENTS))
    return cluster


def jobs_of(records: list[Record]) -> list[NewRecord]:
    return [NewRecord(JOBS, record.key, record.value) for record in records]


def work(log: KafkaEventLog, cluster: Cluster) -> None:
    """Commit until nothing is left."""
    records = polled(log, 1, WAIT)
    while records:
        log.commit(records, jobs_of(records))
        records = [] if everything_once(cluster) else polled(log, 1, 2)


def everything_once(cluster: Cluster) -> bool:
    counts = Counter(record.value for record in cluster.read(JOBS, settled=False))
    assert set(counts.values()) <= {1}
    return len(counts) == EVENTS


def test_a_member_that_was_thrown_out_commits_nothing_and_goes_on(desk: Cluster) -> None:
    with event_log(desk, member("one")) as one:
        old = polled(one, 1, WAIT)
        with event_log(desk, member("two")) as two:
            desk.throw_out(GROUP, "one")
            work(two, desk)
            with pytest.raises(NotCommittedError):
                one.commit(old, jobs_of(old))
        assert everything_once(desk)
        desk.append([NewRecord(TICKETS, b"T-1", b"more")])
        while not more(desk):
            # It learns by its next sign of life that it was thrown out, and joins again.
            with suppress(NotCommittedError):
                one.rewind()
                (again,) = polled(one, 1, WAIT)
                one.commit([again], jobs_of([again]))
    assert more(desk) == [b"more"]


def test_offsets_of_a_transaction_that_failed_are_in_no_later_one(desk: Cluster) -> None:
    """By then the partition may be another's: its position would go back, or past what nobody has decided."""
    with event_log(desk, member("one")) as one:
        old = polled(one, EVENTS, WAIT)
        desk.throw_out(GROUP, "one")
        with pytest.raises(NotCommittedError):
            one.commit(old, jobs_of(old))
        while not (written := desk.read(JOBS, settled=False)):
            # It learns by its next sign of life that it was thrown out, and joins again.
            with suppress(NotCommittedError):
                one.rewind()
                records = polled(one, EVENTS, WAIT)
                mine = [record for record in records if record.partition == records[0].partition]
                one.commit(mine, jobs_of(mine))
    assert len({record.partition for record in old}) > 1
    assert list(desk.committed(GROUP, TICKETS).values()) == [len(written)]


def more(cluster: Cluster) -> list[bytes | None]:
    return [record.value for record in cluster.read(JOBS) if record.value == b"more"]


def test_an_earlier_process_of_the_same_instance_must_end(desk: Cluster) -> None:
    with event_log(desk, member("one")) as earlier:
        old = polled(earlier, 1, WAIT)
        with event_log(desk, member("one")) as later:
            polled(later, 1, WAIT)
            later.rewind()
            # The first time it might be a transaction that took too long, or a member that is new to the group.
            with pytest.raises((NotCommittedError, InstanceTakenError)):
                earlier.commit(old, jobs_of(old))
            with pytest.raises(InstanceTakenError):
                earlier.commit(old, jobs_of(old))


def test_an_earlier_process_that_has_nothing_to_do_must_end_too(desk: Cluster) -> None:
    """It commits nothing by which it would learn that it is no member any more."""
    with event_log(desk, member("one")) as earlier:
        work(earlier, desk)
        with event_log(desk, member("one")) as later:
            with pytest.raises(InstanceTakenError, match="'one'"):
                poll_by_turns(later, earlier)
            assert later.has_joined


def poll_by_turns(*logs: KafkaEventLog) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        for log in logs:
            log.poll(1, 0.1)


def test_what_a_dead_process_left_open_is_aborted_by_the_next(desk: Cluster) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(step: Step) -> None:
        if step is Step.OFFSETS_ADDED:
            raise PowerCutError

    with event_log(desk, member("one"), cut) as dead:
        records = polled(dead, 1, WAIT)
        with pytest.raises(PowerCutError):
            dead.commit(records, jobs_of(records))
    with event_log(desk, member("one")) as next_one:
        work(next_one, desk)
    assert everything_once(desk)
    assert len(desk.read(JOBS, committed=False)) > EVENTS, "the check could not have seen a double"


def test_all_partitions_go_to_another_in_the_midst_of_a_transaction(desk: Cluster) -> None:
    with event_log(desk, member("two")) as two:

        def lose_everything(step: Step) -> None:
            if step is Step.STORED and not everything_once(desk):
                desk.throw_out(GROUP, "one")
                work(two, desk)

        with event_log(desk, member("one"), lose_everything) as one:
            records = polled(one, 1, WAIT)
            with pytest.raises(NotCommittedError):
                one.commit(records, jobs_of(records))
    assert everything_once(desk)
    assert len(desk.read(JOBS, committed=False)) > EVENTS, "the check could not have seen a double"


def test_members_that_come_and_go_double_nothing(desk: Cluster) -> None:
    with event_log(desk, member("one")) as one:
        records = polled(one, 1, WAIT, most=5)
        one.commit(records, jobs_of(records))
        with event_log(desk, member("two")) as two:
            for log in (two, one, two, one):
                records = log.poll(5, 0.5)
                # A join in the midst of a batch needs no abort: the group waits for this member to join again.
                if records:
                    log.commit(records, jobs_of(records))
            two.close(for_good=True)
        work(one, desk)
    assert everything_once(desk)


def test_a_record_that_its_topic_refuses_is_named(cluster: Cluster) -> None:
    cluster.create(TICKETS)
    cluster.create(JOBS, configs={"max.message.bytes": "1000"})
    cluster.append([NewRecord(TICKETS, b"k", b"one")])
    with event_log(cluster, member()) as log:
        records = polled(log, 1, WAIT)
        with pytest.raises(KafkaRefusedError, match="topics check"):
            log.commit(records, [NewRecord(JOBS, b"k", b"x" * 10_000)])
    assert cluster.read(JOBS) == []
