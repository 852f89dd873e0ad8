"""Partitions that are paused at a batch that can't be decoded, while the others go on.

No batch is skipped silently: somebody waits for its records, and skipping would break the order of the partition. The
batch is tried again, because the broker may be repaired. The group goes on behind it if a person passes it over (see
passing_over.py).
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
"""Seconds between two checks whether somebody has moved the group's committed offset behind the batch."""
TRY_EVERY: Final = 60.0
"""Seconds between two tries to decode the batch."""


class _Standing(Struct):
    batch: DamagedBatch
    tried: float
    looked: float


class StandingPartitions:
    """The paused partitions of one consumer. It belongs to the thread that polls the consumer."""

    def __init__(self, consumer: Any, seconds: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._seconds = seconds
        self._standing: dict[Any, _Standing] = {}

    @property
    def batches(self) -> list[DamagedBatch]:
        """The batches at which partitions are paused."""
        return [one.batch for one in self._standing.values()]

    def stand(self, batch: DamagedBatch) -> None:
        """Pause the partition of this batch. Each try writes one line to the log."""
        partition = TopicPartition(batch.topic, batch.partition)
        log.error("batch_damaged", **batch.place, why=batch.why)
        self._consumer.pause(partition)
        self._standing[partition] = _Standing(batch, self._seconds(), self._seconds())

    def look(self, offset_of: Callable[[Any], int | None]) -> None:
        """Resume partitions that may go on. `offset_of` gives the group's committed offset of a partition."""
        now = self._seconds()
        for partition, one in [*self._standing.items()]:
            if partition not in self._consumer.assignment():
                # Another member has it now, and will meet the batch itself.
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
