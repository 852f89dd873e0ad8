"""The newest record of each key in the directory's topic: its bytes and its place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing

from msgspec import Struct

from adapters.collector import collector_off
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from schemas.ownership import owner_in
from schemas.topics import DIRECTORY


class HeldRecord(Struct, frozen=True, gc=False):
    """A record of the topic. A `value` of None is a tombstone; `timestamp` is in milliseconds since 1970.

    `elsewhere` is another partition that has an older record of the same key. Compaction works within a partition, so
    nothing will ever replace that record.
    """

    key: bytes | None
    value: bytes | None
    owner: str | None
    partition: int
    offset: int
    timestamp: int
    elsewhere: int | None = None


Held = dict[bytes | None, HeldRecord]


def held_records(settings: KafkaSettings, progress: Callable[[int], None] = lambda _read: None) -> Held:
    """The newest record of each key, tombstones included. `progress` gets the number of records just read.

    Raises KafkaRefusedError and KafkaUnavailableError.
    """
    held: Held = {}
    with closing(TopicReader(settings, (DIRECTORY,), whole=True)) as reader, collector_off():
        for found in reader.read_to_end():
            before = held.get(found.key)
            is_moved = before is not None and before.value is not None and before.partition != found.partition
            owner = owner_in(found.headers)
            held[found.key] = HeldRecord(
                key=found.key,
                value=found.value,
                owner=None if owner is None else sys.intern(owner),
                partition=found.partition,
                offset=found.offset,
                timestamp=found.timestamp,
                elsewhere=before.partition if before is not None and is_moved else None,
            )
            progress(1)
    return held
