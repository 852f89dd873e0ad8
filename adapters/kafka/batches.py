"""Record batches, and what happens if one can't be decoded.

A producer may compress a batch, and a disk may damage one. kafka-python 3.0.12 then raises the decoder's error without
topic, partition and offset. After that its fetcher tries the same batch for ever, so that no other partition goes on.
This file names the batch, and only its own partition stops.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final

from kafka.consumer.fetcher import Fetcher

from adapters.kafka.errors import DamagedBatch, DamagedBatchError

_CODEC_MASK: Final = 0x07


class Codec(IntEnum):
    """How the records of a batch are compressed (the lowest three bits of its attributes, record batch format v2)."""

    none = 0
    gzip = 1
    snappy = 2
    lz4 = 3
    zstd = 4


def name_damaged_batches(consumer: Any) -> None:
    """Make this KafkaConsumer raise DamagedBatchError for a batch that it can't decode, and go on with the others."""
    consumer._fetcher.PartitionRecords = _NamedRecords  # noqa: SLF001 - the only place where the batch is at hand


class _NamedRecords(Fetcher.PartitionRecords):  # type: ignore[misc]  # kafka-python has no types
    """The records of one partition in one fetch response."""

    def _unpack_records(self, tp: Any, records: Any, *deserializers: Any) -> Iterator[Any]:
        batches = _Batches(records)
        try:
            yield from super()._unpack_records(tp, batches, *deserializers)
        except Exception as error:
            # kafka-python would decode the failed response again on every poll; a drained one it drops.
            self.drain()
            last = max(self.next_fetch_offset, batches.last)
            raise DamagedBatchError(
                DamagedBatch(
                    tp.topic, tp.partition, self.next_fetch_offset, last, _why(error, batches), batches.content
                )
            ) from error


class _Batches:
    """The batches of a fetch response. It remembers the latest one, so that an error can name it."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self._batch: Any = None
        self.content = b""

    def next_batch(self) -> Any:
        self._batch, self.content = None, b""
        self._batch = self._records.next_batch()
        if self._batch is not None:
            # Keep a reference, not a copy. Decoding replaces `_buffer` by the uncompressed records, so take it before.
            self.content = self._batch._buffer  # noqa: SLF001 - there is no other way to the bytes
        return self._batch

    @property
    def last(self) -> int:
        # Message sets older than record batch format v2 have no `last_offset`.
        return -1 if self._batch is None else int(getattr(self._batch, "last_offset", self._batch.base_offset))

    @property
    def codec(self) -> str:
        attributes = 0 if self._batch is None else self._batch.attributes
        number = attributes & _CODEC_MASK
        return Codec(number).name if number in set(Codec) else f"number {number}"


def _why(error: Exception, batches: _Batches) -> str:
    detail = f"{type(error).__name__}: {error}"
    return f"a batch (compression {batches.codec}) can't be decoded: {detail}"[:500]
