"""Records of a partitioned log, as Kafka knows them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

Headers = tuple[tuple[str, bytes], ...]


class Record(Struct, frozen=True):
    """A record as it was read. `timestamp` is when it was appended, in UTC. A `value` of None is a tombstone."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class NewRecord(Struct, frozen=True):
    """A record to be appended. Records of one key keep their order."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
