"""Reads topics from their start to their end, as it is at the moment of asking, and then on from there."""

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
"""Seconds without a record or any other progress, while the end is not reached, that are taken for an outage."""

_LOOK_AGAIN: Final = 0.05
_ASK_AGAIN: Final = 5.0
"""Seconds that a broker may take for one answer about ends: a stop is not held up for longer by one that hangs."""


def go_on() -> None:
    """Nothing ends the reading."""


class Part(Struct, frozen=True):
    """A part of a topic: what came since a moment; with a key, of the one partition where its records are now."""

    since: datetime
    key: bytes | None = None


class TopicReader:
    """Reads all partitions of some topics, or a part of each, outside of any group. It belongs to one thread.

    Partitions that are added to a topic are noticed after `look_again` at the latest. `between` is called between two
    polls of a long reading, and between two tries to ask a broker that does not answer; what it raises ends the
    reading, and the next one goes on from there. `whole`: what one transaction wrote to a topic is read whole or not at
    all, see adapters.kafka.whole_ends.
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
            # Nothing is read by it: it is asked for the ends of what is open as well.
            self._unsettled = lone_consumer(settings, **config, isolation_level="read_uncommitted") if whole else None
        self._whole = WholeEnds(self._ends_of(self._consumer), self._ends_of(self._unsettled)) if whole else None
        self._wanted: dict[Any, int] = {}

    def read_to_end(self) -> Iterator[Any]:
        """Every record that is committed by now and was not read before, as kafka-python gives it.

        Where transactions are read whole, one that is open holds that up for some seconds at most, and the first time
        it is waited for. Raises KafkaUnavailableError where the end can't be reached, DamagedBatchError among them;
        the next call goes on from there.
        """
        with named_errors("reading to the end"):
            self._assign()
            ends = self._ends()
            before, since = self._positions(), time.monotonic()
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
        """Let go of connections."""
        self._consumer.close()
        if self._unsettled is not None:
            self._unsettled.close()

    def _ends(self) -> dict[Any, int]:
        """How far to read: once told, ends are kept until there are later ones, since some may be reached already."""
        if self._whole is None:
            return self._ends_of(self._consumer)(self._partitions)
        self._wanted |= self._whole.find(self._partitions)
        while not all(one in self._wanted for one in self._partitions):
            self._between()
            time.sleep(_LOOK_AGAIN)
            self._wanted |= self._whole.find(self._partitions)
        return self._wanted

    def _up_to(self, end: int, partition: Any, records: list[Any]) -> list[Any]:
        """Those of the records before the end, where transactions are read whole: the others come again."""
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
                    if time.monotonic() - since > PATIENCE - _ASK_AGAIN:
                        raise
                    self._between()

        return ends

    def _positions(self) -> dict[Any, int]:
        # A position may be unknown for a moment: it is not the end then.
        return {one: self._consumer.position(one, timeout_ms=int(PATIENCE * 1000)) or 0 for one in self._partitions}

    def _assign(self) -> None:
        """Read all partitions that there are: a topic may have got more."""
        wanted: list[Any] = []
        for topic in self._topics:
            partitions = self._consumer.partitions_for_topic(topic)
            if not partitions:
                raise no_such_topic(topic)
            wanted += [TopicPartition(topic, one) for one in self._of_part(sorted(partitions))]
        if wanted != self._partitions:
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
        """Where to begin in partitions of which nothing was read."""
        if self._part is None or not partitions:
            return self._consumer.beginning_offsets(partitions) if partitions else {}
        since = max(0, int(self._part.since.timestamp() * 1_000))
        found = self._consumer.offsets_for_times(dict.fromkeys(partitions, since))
        ends = self._consumer.end_offsets(partitions)
        return {one: ends[one] if found.get(one) is None else found[one].offset for one in partitions}
