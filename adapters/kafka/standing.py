"""Partitions that stand still at a batch that can't be decoded, while the others go on.

Nothing is passed over in silence: the batch holds records that somebody waits for, and its partition's order would
break. It is tried again, since a broker may be mended; the group goes on behind it where a person has it passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from kafka import TopicPartition
from msgspec import Struct

from adapters.kafka.errors import DamagedBatch

log = structlog.get_logger()

LOOK_EVERY: Final = 5.0
"""Seconds between two looks at whether the group's position has been moved behind the batch."""
TRY_EVERY: Final = 60.0
"""Seconds between two tries to decode it."""


class _Standing(Struct):
    batch: DamagedBatch
    tried: float
    looked: float


class StandingPartitions:
    """Those of one consumer, which belongs to the thread that polls it."""

    def __init__(self, consumer: Any, seconds: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._seconds = seconds
        self._standing: dict[Any, _Standing] = {}

    @property
    def batches(self) -> list[DamagedBatch]:
        """The batches at which partitions stand."""
        return [one.batch for one in self._standing.values()]

    def stand(self, batch: DamagedBatch) -> None:
        """Let the partition of this batch stand still; the log says where, once for each try."""
        partition = TopicPartition(batch.topic, batch.partition)
        log.error("batch_damaged", **batch.place, why=batch.why)
        self._consumer.pause(partition)
        self._standing[partition] = _Standing(batch, self._seconds(), self._seconds())

    def look(self, offset_of: Callable[[Any], int | None]) -> None:
        """Let those go on that may: `offset_of` says the group's committed offset of a partition."""
        now = self._seconds()
        for partition, one in [*self._standing.items()]:
            if partition not in self._consumer.assignment():
                del self._standing[partition]
            elif now - one.looked >= LOOK_EVERY:
                one.looked = now
                offset = offset_of(partition)
                if offset is not None and offset > one.batch.first:
                    log.warning("batch_passed_over", **one.batch.place, goes_on_at=offset)
                    self._go_on(partition, offset)
                elif now - one.tried >= TRY_EVERY:
                    self._go_on(partition, one.batch.first)

    def _go_on(self, partition: Any, offset: int) -> None:
        del self._standing[partition]
        self._consumer.seek(partition, offset)
        self._consumer.resume(partition)
