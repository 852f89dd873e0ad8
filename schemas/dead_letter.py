"""A record that could not be used (topic `tocsin.dead-letters`): its original bytes, and why."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class DeadLetter(Struct, frozen=True):
    """The original value, key and headers are kept as they came.

    The rest travels as headers, without any value of a field.
    """

    topic: str
    partition: int
    offset: int
    first_came: datetime
    error: str
    message: str
    value: bytes
    key: bytes | None
    headers: list[tuple[str, bytes]]
