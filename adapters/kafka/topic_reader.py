"""Reads topics from their start to their current end, and on each later call from there to the new end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError
from msgspec import Struct

from adapters.kafka.consumers import asked_offsets, lone_consumer, no_such_topic
from adapters.kafka.errors import KafkaUnavailableError, named_errors
from adapters.kafka.partitioner import partition_of
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings, millis
from adapters.kafka.whole_ends import WholeEnds

RECORDS_AT_ONCE: Final = 20_000
PATIENCE: Final = 30.0
"""Seconds without progress, before the end is reached, that count as an outage."""

_LOOK_AGAIN: Final = 0.05
_ASK_AGAIN: Final = 5.0
"""Seconds that a broker may take for one answer about ends. A hanging broker delays a stop by no more than this."""


def go_on() -> None:
    """The default for `between`: it does nothing, so the reading goes on."""


class Part(Struct, frozen=True):
    """A part of a topic: the records since a time; with a `key`, only the partition to which that key belongs now."""

    since: datetime
    key: bytes | None = None


class TopicReader:
    """Reads all partitions of some topics, or a part of each, outside of any group. It belongs to one thread.

    New partitions of a topic are noticed after `look_again` at the latest.

    `between` is called between two polls of a long reading, and between two requests to a broker that does not answer.
    If it raises, the reading ends, and the next one continues from there.

    With `whole`, the reader gets all records that a transaction wrote to a topic, or none of them: see whole_ends.py.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        look_again: timedelta = timedelta(seconds=30),
        part: Part | None = None,
        between: Callable[[], None] = go_on,
        whole: bool = False,
    ) -> None:
        self._topics = [settings.real(topic) for topic in topics]
        self._part = part
        self._between = between
        self._partitions: list[Any] = []
        config = {
            "auto_offset_reset": "earliest",
            "max_partition_fetch_bytes": RECORD_BYTES,
            "metadata_max_age_ms": millis(look_again),
        }
        with named_errors("opening a reader"):
            self._consumer = lone_consumer(settings, **config)
            # This consumer reads no records. With read_uncommitted it gives the high watermarks, which the other one
            # can't: its ends are the last stable offsets.
            self._unsettled = lone_consumer(settings, **config, isolation_level="read_uncommitted") if whole else None
        self._whole = WholeEnds(self._ends_of(self._consumer), self._ends_of(self._unsettled)) if whole else None
        self._wanted: dict[Any, int] = {}

    def read_to_end(self) -> Iterator[Any]:
        """Every record that is committed now and was not read before, as kafka-python gives it.

        With `whole`, an open transaction may hold back newer records for some seconds; the first call waits for them.
        Raises KafkaUnavailableError (DamagedBatchError is one) if the end can't be reached; the next call continues
        from there.
        """
        with named_errors("reading to the end"):
            self._assign()
            ends = self._ends()
            before, since = self._positions(), time.monotonic()
            # Compare positions, not records: a topic may end with marks of transactions, which are no records.
            while any(before[one] < ends[one] for one in self._partitions):
                polled = self._consumer.poll(timeout_ms=500, max_records=RECORDS_AT_ONCE)
                for partition, records in polled.items():
                    yield from self._up_to(ends[partition], partition, records)
                now = self._positions()
                if now != before:
                    before, since = now, time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    raise KafkaUnavailableError(f"no record came for {PATIENCE:.0f} s, and the end is not reached")
                if any(now[one] < ends[one] for one in self._partitions):
                    self._between()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
        if self._unsettled is not None:
            self._unsettled.close()

    def _ends(self) -> dict[Any, int]:
        """How far to read each partition.

        If WholeEnds finds no new end for a partition, its former end still holds: it was whole, and may be unread yet.
        """
        if self._whole is None:
            return self._ends_of(self._consumer)(self._partitions)
        self._wanted |= self._whole.find(self._partitions)
        while not all(one in self._wanted for one in self._partitions):
            self._between()
            time.sleep(_LOOK_AGAIN)
            self._wanted |= self._whole.find(self._partitions)
        return self._wanted

    def _up_to(self, end: int, partition: Any, records: list[Any]) -> list[Any]:
        """The records before the end. With `whole`, the position goes back to the end, so that the rest comes again."""
        if self._whole is None or records[-1].offset < end:
            return records
        self._consumer.seek(partition, end)
        return [one for one in records if one.offset < end]

    def _ends_of(self, consumer: Any) -> Callable[[Sequence[Any]], dict[Any, int]]:
        def ends(partitions: Sequence[Any]) -> dict[Any, int]:
            since = time.monotonic()
            while True:
                try:
                    return asked_offsets(consumer.end_offsets, partitions, int(_ASK_AGAIN * 1000))
                except KafkaTimeoutError:
                    # Ask in short calls, so that `between` can end the wait for a broker that hangs.
                    if time.monotonic() - since > PATIENCE - _ASK_AGAIN:
                        raise
                    self._between()

        return ends

    def _positions(self) -> dict[Any, int]:
        # kafka-python gives None for a position that is unknown for a moment. Then the end is not reached.
        return {one: self._consumer.position(one, timeout_ms=int(PATIENCE * 1000)) or 0 for one in self._partitions}

    def _assign(self) -> None:
        """Assign all partitions of the topics. A topic may have got more since the last reading."""
        wanted: list[Any] = []
        for topic in self._topics:
            partitions = self._consumer.partitions_for_topic(topic)
            if not partitions:
                raise no_such_topic(topic)
            wanted += [TopicPartition(topic, one) for one in self._of_part(sorted(partitions))]
        if wanted != self._partitions:
            # Partitions that were read before go on where they are. Only new ones begin at their start.
            read = self._positions()
            self._consumer.assign(wanted)
            starts = self._starts([one for one in wanted if one not in read]) | read
            for one in wanted:
                self._consumer.seek(one, starts[one])
            self._partitions = wanted

    def _of_part(self, partitions: list[int]) -> list[int]:
        if self._part is None or self._part.key is None:
            return partitions
        return [partition_of(self._part.key, partitions)]

    def _starts(self, partitions: list[Any]) -> dict[Any, int]:
        """Where to begin in partitions from which nothing was read yet."""
        if self._part is None or not partitions:
            return self._consumer.beginning_offsets(partitions) if partitions else {}
        since = max(0, int(self._part.since.timestamp() * 1_000))
        found = self._consumer.offsets_for_times(dict.fromkeys(partitions, since))
        ends = self._consumer.end_offsets(partitions)
        # Kafka gives no offset for a time after the last record: then there is nothing to read before the end.
        return {one: ends[one] if found.get(one) is None else found[one].offset for one in partitions}
