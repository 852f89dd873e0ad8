"""What the matcher and its child say to each other: MessagePack, each after its length in four bytes, big-endian."""

from __future__ import annotations

import struct
from typing import Final

import msgspec
from msgspec import Struct

MAX_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes. What announces more is no message."""

LENGTH: Final = struct.Struct(">I")


class Load(Struct, frozen=True, array_like=True):
    """A ruleset to load, in the JSON of durable_rules, under a number of the matcher's choice."""

    net: int
    definition: str


class Fact(Struct, frozen=True, array_like=True):
    """A fact for a loaded ruleset: its properties `p0`, `p1` and so on."""

    net: int
    values: tuple[int, ...]


class Request(Struct, frozen=True, array_like=True):
    """Rulesets to load, then facts to evaluate."""

    number: int
    loads: list[Load]
    facts: list[Fact]


class Reply(Struct, frozen=True, array_like=True):
    """For each fact of the request with the same number, the numbers of the rules that match."""

    number: int
    matched: list[list[int]]


READY: Final = Reply(0, [])
"""What the child says first."""


def framed(message: Request | Reply) -> bytes:
    """A message as it is written."""
    data = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(data)) + data


def announced(head: bytes) -> int:
    """How many bytes follow. Raises ValueError where that can't be a message."""
    (length,) = LENGTH.unpack(head)
    if length > MAX_MESSAGE:
        raise ValueError(f"a message of {length} bytes is announced, {MAX_MESSAGE} is the limit")
    return int(length)
