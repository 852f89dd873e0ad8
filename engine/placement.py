"""Whether records stand where those of their ticket belong: that is what keeps the events of a ticket in order."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from schemas.log import Record

PartitionOf = Callable[[bytes], int | None]
"""The partition to which the records of a key belong; None where that is not known."""


class Misplacement(StrEnum):
    """Why records of one ticket may overtake each other."""

    KEY = "key"
    """The record's key is not the ticket's id."""
    PARTITION = "partition"
    """It stands in another partition than its key's: its producer chooses partitions in another way."""


class Misplaced(Struct, frozen=True):
    """A record that stands elsewhere than its ticket's do, and why. `belongs_in` is their partition, if known."""

    record: Record
    ticket: str
    why: tuple[Misplacement, ...]
    belongs_in: int | None


def misplaced(record: Record, ticket: str, partition_of: PartitionOf) -> Misplaced | None:
    """What is wrong with the place of this record of a ticket; None: nothing. Without a key it fits any partition."""
    key, owed = record.key, ticket.encode()
    why: tuple[Misplacement, ...] = ()
    if key != owed:
        why += (Misplacement.KEY,)
    # Each record is judged by its own key: a wrong key in its own partition is one fault, not two.
    if key is not None and partition_of(key) not in (None, record.partition):
        why += (Misplacement.PARTITION,)
    return Misplaced(record, ticket, why, partition_of(owed)) if why else None
