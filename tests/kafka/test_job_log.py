"""The log of jobs on Kafka: at least once, and never past what was not committed."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.kafka.job_log import KafkaJobLog
from schemas.log import NewRecord, Record
from schemas.topics import JOBS
from tests.kafka.members import member, settings_of
from tests.support.brokers.cluster import Cluster

pytestmark = pytest.mark.kafka
WAIT = 20.0


def job_log(cluster: Cluster, instance: str = "one") -> KafkaJobLog:
    return KafkaJobLog(settings_of(cluster), member(instance, "sender"))


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def filled(cluster: Cluster) -> Cluster:
    cluster.create(JOBS)
    cluster.append(NewRecord(JOBS, b"k", value) for value in (b"one", b"two", b"three"))
    return cluster


def test_what_was_not_committed_is_read_again(cluster: Cluster) -> None:
    filled(cluster)
    with closing(job_log(cluster)) as log:
        assert values(log.poll(1, WAIT)) == [b"one"]
        log.commit()
        assert values(log.poll(1, WAIT)) == [b"two"]
    with closing(job_log(cluster)) as again:
        assert values(again.poll(10, WAIT)) == [b"two", b"three"]
        again.commit()
        again.commit()
    assert cluster.committed("sender", JOBS) == {0: 3}


def test_what_could_not_be_taken_in_is_read_again_by_the_same_member(cluster: Cluster) -> None:
    filled(cluster)
    with closing(job_log(cluster)) as log:
        assert values(log.poll(1, WAIT)) == [b"one"]
        log.commit()
        for _ in range(2):
            assert values(log.poll(10, WAIT)) == [b"two", b"three"]
            log.rewind()
            log.commit()
            assert cluster.committed("sender", JOBS) == {0: 1}
        assert values(log.poll(10, WAIT)) == [b"two", b"three"]
        log.commit()
    assert cluster.committed("sender", JOBS) == {0: 3}


def test_jobs_of_a_transaction_that_was_aborted_are_never_read(cluster: Cluster) -> None:
    filled(cluster)
    with cluster.aborted([NewRecord(JOBS, b"k", b"never")]):
        pass
    cluster.append([NewRecord(JOBS, b"k", b"four")])
    with closing(job_log(cluster)) as log:
        read: list[bytes | None] = []
        while b"four" not in read:
            read += values(log.poll(10, WAIT))
    assert read == [b"one", b"two", b"three", b"four"]
    assert len(cluster.read(JOBS, committed=False)) == 5


def test_a_member_that_was_thrown_out_moves_nothing_back(cluster: Cluster) -> None:
    filled(cluster)
    with closing(job_log(cluster, "one")) as one, closing(job_log(cluster, "two")) as two:
        assert values(one.poll(1, WAIT)) == [b"one"]
        cluster.throw_out("sender", "one")
        assert values(two.poll(10, WAIT)) == [b"one", b"two", b"three"]
        two.commit()
        one.commit()
    assert cluster.committed("sender", JOBS) == {0: 3}
