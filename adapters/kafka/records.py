"""Turns records of kafka-python into ours."""

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
    """Our record. Its topic is the name without the cluster's prefix."""
    return Record(
        topic=found.topic.removeprefix(settings.prefix),
        partition=found.partition,
        offset=found.offset,
        timestamp=moment_of(found.timestamp),
        key=found.key,
        value=found.value,
        # A header's value may be null. Kafka tells that from an empty one; we don't.
        headers=tuple((name, value or b"") for name, value in found.headers),
    )


def moment_of(millis: int) -> datetime:
    """A time in UTC from Kafka's milliseconds since 1970.

    A producer may have written any number: it is limited to the years 1 to 9999, which `datetime` can hold.
    """
    return _EPOCH + timedelta(milliseconds=min(max(millis, _FIRST_MS), _LAST_MS))


def offsets_behind(records: Iterable[Record], settings: KafkaSettings) -> dict[Any, Any]:
    """The offsets to commit after these records, which are in order within each partition."""
    last = {TopicPartition(settings.real(record.topic), record.partition): record.offset for record in records}
    return {partition: OffsetAndMetadata(offset + 1) for partition, offset in last.items()}


def flattened(polled: dict[Any, Sequence[Any]], settings: KafkaSettings) -> list[Record]:
    """All records of a poll, partition after partition."""
    return [record_of(found, settings) for partition in polled.values() for found in partition]
