"""Passes over a batch that can't be decoded: its readable records become dead letters, and the group goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

from kafka import KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.structs import ConsumerGroupMetadata
from msgspec import Struct

from adapters.kafka.consumers import lone_consumer
from adapters.kafka.errors import DamagedBatch, DamagedBatchError, KafkaRefusedError, named_errors
from adapters.kafka.records import record_of
from adapters.kafka.settings import RECORD_BYTES, KafkaSettings
from schemas.dead_letter import Cause, dead_letter
from schemas.log import NewRecord, Record

PATIENCE: Final = 20.0
"""Seconds to wait for records from the broker."""
CODE: Final = "damaged_batch"


class PassedOver(Struct, frozen=True):
    """The batch that was passed over, and how many of its records could still be read."""

    batch: DamagedBatch
    records: int


def pass_over(settings: KafkaSettings, group: str, topic: str, partition: int, offset: int) -> PassedOver:
    """Move a group's offset behind the batch at this offset. One transaction holds dead letters and offset.

    The group's members may keep running: they have paused this partition, and resume it within seconds. Raises
    KafkaRefusedError if the batch is not damaged, and KafkaUnavailableError.
    """
    real = TopicPartition(settings.real(topic), partition)
    with named_errors("reading the batch"):
        batch = _damaged(settings, real, offset)
        records = _had(settings, real, batch)
    letters = [dead_letter(one, _cause(batch)) for one in records] or [_whole(batch, settings)]
    with named_errors("passing it over"):
        _commit(settings, group, letters, {real: OffsetAndMetadata(batch.last + 1)})
    return PassedOver(batch, len(records))


def _damaged(settings: KafkaSettings, real: Any, offset: int) -> DamagedBatch:
    with closing(_consumer(settings, check_crcs=True)) as consumer:
        try:
            found = next(_read(consumer, real, offset), None)
        except DamagedBatchError as error:
            return error.batch
    place = f"{real.topic}, partition {real.partition}, offset {offset}"
    if found is None:
        raise KafkaRefusedError(f"{place}: no record came within {PATIENCE:.0f} s")
    raise KafkaRefusedError(f"{place}: nothing is wrong there, so nothing is passed over")


def _had(settings: KafkaSettings, real: Any, batch: DamagedBatch) -> list[Record]:
    """The records that can be decoded if the checksum is not checked. Any byte of them may be wrong."""
    records: list[Record] = []
    with closing(_consumer(settings, check_crcs=False)) as consumer:
        try:
            for found in _read(consumer, real, batch.first):
                if found.offset > batch.last:
                    break
                records.append(record_of(found, settings))
                if found.offset == batch.last:
                    break
        except DamagedBatchError:
            # The rest can't be decoded even without the checksum. What was read before it is kept.
            pass
    return records


def _consumer(settings: KafkaSettings, *, check_crcs: bool) -> Any:
    most = RECORD_BYTES // 8
    # With "none", an offset that the log no longer has is an error: the consumer must not jump to another batch.
    return lone_consumer(settings, auto_offset_reset="none", check_crcs=check_crcs, max_partition_fetch_bytes=most)


def _read(consumer: Any, real: Any, offset: int) -> Iterator[Any]:
    """Records from this offset on, until none has come for PATIENCE seconds."""
    consumer.assign([real])
    consumer.seek(real, offset)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=500).values():
            deadline = time.monotonic() + PATIENCE
            yield from records


def _cause(batch: DamagedBatch) -> Cause:
    words = (
        f"it stood in a batch of offsets {batch.first} to {batch.last} whose checksum is wrong: any of its bytes may be"
    )
    return Cause(CODE, words)


def _whole(batch: DamagedBatch, settings: KafkaSettings) -> NewRecord:
    """The whole batch as one dead letter, if none of its records can be read."""
    topic = batch.topic.removeprefix(settings.prefix)
    record = Record(topic, batch.partition, batch.first, datetime.now(UTC), None, batch.content)
    return dead_letter(
        record, Cause(CODE, f"all records of offsets {batch.first} to {batch.last}, as a batch: {batch.why}")
    )


def _commit(settings: KafkaSettings, group: str, letters: list[NewRecord], offsets: dict[Any, Any]) -> None:
    name = settings.real(group)
    with closing(
        KafkaProducer(
            **settings.client(),
            transactional_id=f"{name}.pass-over",
            acks="all",
            max_request_size=RECORD_BYTES,
            allow_auto_create_topics=False,
        )
    ) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        sent = [producer.send(settings.real(one.topic), one.value, one.key, list(one.headers)) for one in letters]
        producer.flush()
        for future in sent:
            future.get(PATIENCE)
        # The group's metadata names no member: brokers accept that from a client that may write to the group, and the
        # members keep their partitions.
        producer.send_offsets_to_transaction(offsets, ConsumerGroupMetadata(name))
        producer.commit_transaction()
