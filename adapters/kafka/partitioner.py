"""Which partition a record belongs to: as Kafka's own producers choose it, with less work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from kafka.partitioner import DefaultPartitioner, murmur2

_POSITIVE: Final = 0x7FFFFFFF
REMEMBERED_KEYS: Final = 1_024
"""All outputs of an event have its key, so those of the last few events are enough."""


class RememberingPartitioner(DefaultPartitioner):  # type: ignore[misc]  # kafka-python has no types
    """The default partitioner of kafka-python, which hashes in Python: here once for all records of a key."""

    def partition(self, topic: str, *given: Any) -> int:
        """See kafka.partitioner.Partitioner. Only the hash is remembered: topics may get further partitions."""
        _, key, _, _, cluster = given
        partitions = cluster.partitions_for_topic(topic)
        if key is None or not partitions:
            chosen: int = super().partition(topic, *given)
            return chosen
        return partition_of(key, sorted(partitions))


def partition_of(key: bytes, partitions: Sequence[int]) -> int:
    """The one of all partitions of a topic, in their order, to which the records of this key belong."""
    return partitions[_hash(key) % len(partitions)]


@lru_cache(maxsize=REMEMBERED_KEYS)
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & _POSITIVE
