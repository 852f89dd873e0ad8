"""The topics on Kafka from which a history is filled: read from the positions that the history keeps itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from kafka import TopicPartition

from adapters.kafka.consumers import asked_offsets, lone_consumer, no_such_topic
from adapters.kafka.errors import KafkaRefusedError, KafkaUnavailableError, named_errors
from adapters.kafka.records import flattened, moment_of
from adapters.kafka.settings import KafkaSettings
from history.filler import TOPICS
from history.ports import HistoryUnavailableError, Part
from schemas.log import Record
from schemas.topics import DECISIONS

_POLL_MS: Final = 300
_ANSWER_MS: Final = 10_000
_LOOK_AGAIN: Final = 30.0
"""Seconds between two looks for new partitions."""


class KafkaHistorySource:
    """See history.ports.HistorySource. It belongs to one thread.

    It reads outside of any group: positions change with what is kept, in one transaction of the history's database.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        with _as_history_errors("opening a reader"):
            self._consumer = lone_consumer(settings, auto_offset_reset="earliest")
        self._parts: dict[Part, Any] = {}
        self._reached: dict[Part, int | None] = {}
        self._looked: float | None = None

    def read(self, positions: Mapping[Part, int], limit: int) -> Sequence[Record]:
        """See history.ports.HistorySource."""
        with _as_history_errors("reading decisions"):
            self._go_to(positions)
            found = self._consumer.poll(timeout_ms=_POLL_MS, max_records=limit)
            records = flattened(found, self._settings)
            for record in records:
                self._reached[Part(record.topic, record.partition)] = record.offset + 1
            return records

    def lag(self, positions: Mapping[Part, int]) -> int:
        """See history.ports.HistorySource."""
        with _as_history_errors("asking for the lag"):
            self._go_to(positions)
            ends = self._offsets(self._consumer.end_offsets)
            # Marks of transactions are passed by, but are no records: so it is the consumer's own position that counts.
            return sum(max(0, end - self._position(one)) for one, end in ends.items())

    def beginning(self) -> datetime | None:
        """See history.ports.HistorySource."""
        with _as_history_errors("looking for the oldest decision"):
            self._assign()
            # What is read next goes back to where it was.
            self._reached = dict.fromkeys(self._reached, -1)
            first = [self._first(one) for part, one in self._parts.items() if part.topic == DECISIONS]
            self._consumer.resume(*self._parts.values())
            return min((moment for moment in first if moment is not None), default=None)

    def close(self) -> None:
        """See history.ports.HistorySource."""
        self._consumer.close()

    def _go_to(self, positions: Mapping[Part, int]) -> None:
        """Stand at these positions: where it has read to is left as it is, since marks may lie behind it."""
        self._assign()
        moved = [part for part in self._parts if self._reached[part] != positions.get(part)]
        if not moved:
            return
        ends = self._offsets(self._consumer.end_offsets)
        for part in moved:
            one, wanted = self._parts[part], positions.get(part)
            if wanted is None or wanted > ends[one]:
                self._consumer.seek_to_beginning(one)
            else:
                self._consumer.seek(one, wanted)
            self._reached[part] = wanted

    def _assign(self) -> None:
        """Assign every partition of the topics. There may be more than before."""
        now = time.monotonic()
        if self._looked is not None and now - self._looked < _LOOK_AGAIN:
            return
        parts: dict[Part, Any] = {}
        for topic in TOPICS:
            name = self._settings.real(topic)
            numbers = self._consumer.partitions_for_topic(name)
            if not numbers:
                raise no_such_topic(name)
            parts |= {Part(topic, number): TopicPartition(name, number) for number in numbers}
        self._looked = now
        if parts != self._parts:
            self._consumer.assign([*parts.values()])
            self._parts = parts
            self._reached = dict.fromkeys(parts, -1)

    def _offsets(self, ask: Any) -> dict[Any, int]:
        return asked_offsets(ask, [*self._parts.values()], _ANSWER_MS)

    def _position(self, one: Any) -> int:
        return int(self._consumer.position(one, timeout_ms=_ANSWER_MS) or 0)

    def _first(self, one: Any) -> datetime | None:
        """When the first record of a partition came; None where there is none."""
        self._consumer.pause(*(other for other in self._parts.values() if other != one))
        self._consumer.resume(one)
        self._consumer.seek_to_beginning(one)
        end = self._offsets(self._consumer.end_offsets)[one]
        until = time.monotonic() + _ANSWER_MS / 1000
        while self._position(one) < end:
            for found in self._consumer.poll(timeout_ms=_POLL_MS, max_records=1).get(one, ()):
                return moment_of(found.timestamp)
            if time.monotonic() > until:
                raise KafkaUnavailableError(f"no record came for {_ANSWER_MS // 1000} s")
        return None


@contextmanager
def _as_history_errors(asked: str) -> Iterator[None]:
    try:
        with named_errors(asked):
            yield
    except KafkaRefusedError as error:
        raise HistoryUnavailableError("kafka_refuses", str(error)) from error
    except KafkaUnavailableError as error:
        raise HistoryUnavailableError("kafka_unavailable", str(error)) from error
