"""Records of kafka-python, and ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kafka import OffsetAndMetadata, TopicPartition

from adapters.kafka.settings import KafkaSettings
from schemas.log import Record

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS: Final = -62_135_596_800_000
_LAST_MS: Final = 253_402_300_799_999


def record_of(found: Any, settings: KafkaSettings) -> Record:
    """Our record, under the topic's name without the prefix."""
    return Record(
        topic=found.topic.removeprefix(settings.prefix),
        partition=found.partition,
        offset=found.offset,
        timestamp=moment_of(found.timestamp),
        key=found.key,
        value=found.value,
        # A header's value may be null, which is not the same as empty to Kafka, and is to us.
        headers=tuple((name, value or b"") for name, value in found.headers),
    )


def moment_of(millis: int) -> datetime:
    """A time in UTC from Kafka's: milliseconds since 1970. A producer may have given any number."""
    return _EPOCH + timedelta(milliseconds=min(max(millis, _FIRST_MS), _LAST_MS))


def offsets_behind(records: Iterable[Record], settings: KafkaSettings) -> dict[Any, Any]:
    """Where a group goes on that has done with these records, which stand in order in each partition."""
    last = {TopicPartition(settings.real(record.topic), record.partition): record.offset for record in records}
    return {partition: OffsetAndMetadata(offset + 1) for partition, offset in last.items()}


def flattened(polled: dict[Any, Sequence[Any]], settings: KafkaSettings) -> list[Record]:
    """All records of a poll, partition after partition."""
    return [record_of(found, settings) for partition in polled.values() for found in partition]
