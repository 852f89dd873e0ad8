"""How a process and its child speak: MessagePack, each message after its length in four bytes, big-endian."""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes. What announces a longer answer is no answer."""

MAX_REQUEST: Final = 128 * 1024 * 1024
"""Bytes: a folder of templates, whole."""

LENGTH: Final = struct.Struct(">I")

READY: Final = b"ready"
"""What a child says first."""


def framed(message: Any) -> bytes:
    """A message as it is written."""
    return headed(msgspec.msgpack.encode(message))


def headed(data: bytes) -> bytes:
    """Bytes behind their length."""
    return LENGTH.pack(len(data)) + data


def announced(head: bytes | bytearray, limit: int = MAX_ANSWER) -> int:
    """How many bytes follow. Raises ValueError where that can't be a message."""
    (length,) = LENGTH.unpack(head)
    if length > limit:
        raise ValueError(f"a message of {length} bytes is announced, {limit} is the limit")
    return int(length)
