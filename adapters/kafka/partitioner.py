"""Which partition a record belongs to: the same as Kafka's own producers choose, with less work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from kafka.partitioner import DefaultPartitioner, murmur2

_POSITIVE: Final = 0x7FFFFFFF
"""Kafka masks the sign bit of the hash; an absolute value would give other partitions."""
REMEMBERED_KEYS: Final = 1_024
"""All outputs of an event have the event's key, so the keys of the last few events are enough."""


class RememberingPartitioner(DefaultPartitioner):  # type: ignore[misc]  # kafka-python has no types
    """The default partitioner of kafka-python, which hashes in Python. This one hashes each key only once."""

    def partition(self, topic: str, *given: Any) -> int:
        """See kafka.partitioner.Partitioner. It remembers only hashes, because a topic may get more partitions."""
        _, key, _, _, cluster = given
        partitions = cluster.partitions_for_topic(topic)
        if key is None or not partitions:
            chosen: int = super().partition(topic, *given)
            return chosen
        return partition_of(key, sorted(partitions))


def partition_of(key: bytes, partitions: Sequence[int]) -> int:
    """The partition of this key. `partitions` are all partitions of the topic, in ascending order."""
    return partitions[_hash(key) % len(partitions)]


@lru_cache(maxsize=REMEMBERED_KEYS)
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & _POSITIVE
