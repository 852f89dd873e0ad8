"""Records land in the partitions that kafka-python's own partitioner gives them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner

from adapters.kafka.partitioner import RememberingPartitioner


class Cluster:
    """What a partitioner asks of a cluster: topics with so many partitions."""

    def __init__(self, **partitions: int) -> None:
        self._partitions = partitions

    def topics(self) -> set[str]:
        return set(self._partitions)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._partitions[topic])) if topic in self._partitions else None

    available_partitions_for_topic = partitions_for_topic


OURS, THEIRS = RememberingPartitioner(), DefaultPartitioner()


def chosen(partitioner: DefaultPartitioner, key: bytes | None, topic: str, cluster: Cluster) -> int:
    partition: int = partitioner.partition(topic, key, key, b"value", b"value", cluster)
    return partition


@given(st.binary(max_size=40), st.integers(1, 300), st.integers(1, 300))
def test_every_key_belongs_where_the_library_puts_it(key: bytes, jobs: int, decisions: int) -> None:
    cluster = Cluster(jobs=jobs, decisions=decisions)
    for topic in ("jobs", "decisions", "jobs"):
        assert chosen(OURS, key, topic, cluster) == chosen(THEIRS, key, topic, cluster)


def test_a_topic_that_gets_more_partitions_uses_them() -> None:
    keys = [f"T-{number}".encode() for number in range(50)]
    few = [chosen(OURS, key, "jobs", Cluster(jobs=2)) for key in keys]
    many = [chosen(OURS, key, "jobs", Cluster(jobs=12)) for key in keys]
    assert few == [chosen(THEIRS, key, "jobs", Cluster(jobs=2)) for key in keys]
    assert many == [chosen(THEIRS, key, "jobs", Cluster(jobs=12)) for key in keys]
    assert few != many, "the check must be able to fail"


def test_without_a_key_any_partition_will_do() -> None:
    assert {chosen(OURS, None, "jobs", Cluster(jobs=3)) for _ in range(100)} == {0, 1, 2}
