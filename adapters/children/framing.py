"""The framing between a process and its child: before each message stands its length, in four bytes, big-endian."""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes. A length beyond this can't be that of an answer: the child has written something else."""

MAX_REQUEST: Final = 128 * 1024 * 1024
"""Bytes. The largest request holds a whole folder of templates."""

LENGTH: Final = struct.Struct(">I")

READY: Final = b"ready"
"""The first message of a child, once it can take requests."""


def framed(message: Any) -> bytes:
    """A message in MessagePack, with its length before it."""
    return headed(msgspec.msgpack.encode(message))


def headed(data: bytes) -> bytes:
    """Bytes with their length before them."""
    return LENGTH.pack(len(data)) + data


def announced(head: bytes | bytearray, limit: int = MAX_ANSWER) -> int:
    """How many bytes follow. Raises ValueError for more than `limit`, which can't be a message."""
    (length,) = LENGTH.unpack(head)
    if length > limit:
        raise ValueError(f"a message of {length} bytes is announced, {limit} is the limit")
    return int(length)
