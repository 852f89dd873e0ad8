"""Reads the records that wait for a group, from outside of it, up to a limit of number and time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from kafka import TopicPartition
from msgspec import Struct

from adapters.kafka.consumers import lone_consumer
from adapters.kafka.errors import DamagedBatchError, named_errors
from adapters.kafka.records import record_of
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings
from schemas.log import Record

_AT_ONCE: Final = 500


class Stretch(Struct, frozen=True):
    """The waiting part of a partition: from the committed offset (None: the start of the log) to the end of the log."""

    partition: int
    first: int | None
    end: int


class WaitingReader:
    """Reads the committed records of some stretches of a topic, in order within each partition.

    It reads at most `most` records of each partition, and takes no longer than `within` in all.
    """

    def __init__(
        self, settings: KafkaSettings, topic: str, stretches: Sequence[Stretch], most: int, within: timedelta
    ) -> None:
        self._settings = settings
        self._topic = settings.real(topic)
        self._most = most
        self._within = within
        self._left = {one.partition: one for one in stretches if one.first is None or one.first < one.end}
        self.is_whole = not self._left
        """Whether all stretches were read to their end; valid after `records` has ended."""

    def records(self) -> Iterator[Record]:
        """The records. Raises KafkaUnavailableError and KafkaRefusedError."""
        if not self._left:
            return
        with named_errors("reading what waits"):
            consumer = _consumer(self._settings)
            try:
                self._assign(consumer)
                yield from self._read(consumer)
            finally:
                consumer.close()

    def _assign(self, consumer: Any) -> None:
        consumer.assign([self._real(one) for one in self._left])
        for one in self._left.values():
            if one.first is None:
                consumer.seek_to_beginning(self._real(one.partition))
            else:
                consumer.seek(self._real(one.partition), one.first)

    def _read(self, consumer: Any) -> Iterator[Record]:
        deadline = time.monotonic() + self._within.total_seconds()
        given: Counter[int] = Counter()
        is_cut = False
        while self._left and time.monotonic() < deadline:
            for real, records in self._polled(consumer).items():
                for found in records:
                    one = self._left.get(real.partition)
                    if one is None or found.offset >= one.end:
                        break
                    if given[real.partition] == self._most:
                        is_cut = True
                        self._done_with(consumer, real.partition)
                        break
                    given[real.partition] += 1
                    yield record_of(found, self._settings)
            # A stretch may end with marks of transactions, so that the position tells its end and no record does.
            for one in [*self._left.values()]:
                if (consumer.position(self._real(one.partition), timeout_ms=1_000) or 0) >= one.end:
                    self._done_with(consumer, one.partition)
        self.is_whole = not self._left and not is_cut

    def _polled(self, consumer: Any) -> Mapping[Any, Sequence[Any]]:
        try:
            polled: Mapping[Any, Sequence[Any]] = consumer.poll(timeout_ms=200, max_records=_AT_ONCE)
        except DamagedBatchError as error:
            # Nothing behind this batch can be read. Go on with the other partitions.
            consumer.pause(self._real(error.batch.partition))
            return {}
        return polled

    def _done_with(self, consumer: Any, partition: int) -> None:
        del self._left[partition]
        consumer.pause(self._real(partition))

    def _real(self, partition: int) -> Any:
        return TopicPartition(self._topic, partition)


def _consumer(settings: KafkaSettings) -> Any:
    # The same as for the group itself: it begins at the start if it never committed, or if the log has deleted the
    # records at its offset.
    return lone_consumer(settings, auto_offset_reset="earliest", max_partition_fetch_bytes=RECORD_BYTES // 8)
