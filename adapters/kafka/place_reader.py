"""Reads single records of a topic by partition and offset, without reading what lies before them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

from kafka import TopicPartition

from adapters.kafka.consumers import asked_offsets, lone_consumer, no_such_topic
from adapters.kafka.errors import KafkaUnavailableError, named_errors
from adapters.kafka.settings import KafkaSettings, millis
from adapters.kafka.topic_reader import PATIENCE

_WAIT: Final = timedelta(seconds=PATIENCE)


class PlaceReader:
    """Reads outside of any group. The cost of one look does not depend on the length of the topic."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._topic = settings.real(topic)
        with named_errors("opening a reader"):
            self._consumer = lone_consumer(settings)

    def read(self, partition: int, offset: int) -> Any | None:
        """The committed record at this place, as kafka-python gives it; None if there is none.

        Raises KafkaUnavailableError (DamagedBatchError is one), and KafkaRefusedError if the topic is missing.
        """
        with named_errors("reading a record"):
            partitions = self._consumer.partitions_for_topic(self._topic)
            if not partitions:
                raise no_such_topic(self._topic)
            if partition not in partitions:
                return None
            return self._read(TopicPartition(self._topic, partition), offset)

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _read(self, partition: Any, offset: int) -> Any | None:
        self._consumer.assign([partition])
        asked = (self._consumer.beginning_offsets, self._consumer.end_offsets)
        first, end = (asked_offsets(ask, [partition], millis(_WAIT))[partition] for ask in asked)
        if not first <= offset < end:
            return None
        self._consumer.seek(partition, offset)
        since = time.monotonic()
        # There may be no record at this offset: a mark of a transaction and an aborted record only move the position.
        while self._position(partition) <= offset:
            for found in self._consumer.poll(timeout_ms=500, max_records=1).get(partition, ()):
                return found if found.offset == offset else None
            if time.monotonic() - since > PATIENCE:
                raise KafkaUnavailableError(f"no record came for {PATIENCE:.0f} s")
        return None

    def _position(self, partition: Any) -> int:
        return self._consumer.position(partition, timeout_ms=millis(_WAIT)) or 0
