"""How far a group is behind on its topic, as `tocsin lag --json` prints it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType


class PartitionReading(Struct, frozen=True):
    """What the broker said about one partition of a group at one moment.

    `committed` is None where the group has never committed there: it would go on from `start`. `start` and `end` are
    the offsets of the log. `oldest` is when the first record that waits was appended; None where none waits, or where
    that is unknown. `is_drained` says that between the group's position and the end there are only markers of
    transactions, and no record. `owner` is the instance that has the partition, None where nobody has it.
    """

    topic: str
    partition: int
    at: datetime
    committed: int | None
    start: int
    end: int
    oldest: datetime | None
    is_drained: bool
    owner: str | None

    @property
    def position(self) -> int:
        """The offset from which the group goes on: its commit, or where it begins without one (auto.offset.reset)."""
        return self.start if self.committed is None else self.committed

    @property
    def records(self) -> int:
        """How many records wait, never less than 0. Behind the group's position, all do."""
        # What lies before `start` is no longer in the log.
        return 0 if self.is_drained else max(0, self.end - max(self.position, self.start))

    @property
    def seconds(self) -> float | None:
        """How long the oldest record has waited; 0 where none waits, None where that is unknown."""
        if self.records == 0:
            return 0.0
        return None if self.oldest is None else max(LEAST_WAIT, (self.at - self.oldest).total_seconds())


LEAST_WAIT = 0.001
"""Seconds. By clocks that differ, a record could seem to wait for no time; then it would look as if none waited."""


class Status(StrEnum):
    """How a partition is doing, judged over a window of readings."""

    OK = "OK"
    WARN = "WARN"
    """It goes on, but falls further behind."""
    STALL = "STALL"
    """It has an owner, who commits nothing although there is something to be done."""
    STOP = "STOP"
    """Nobody has it, and there is something to be done."""
    REWIND = "REWIND"
    """The group's offset went back."""
    ERR = "ERR"
    """Of a group: one of its partitions has stalled, stopped or gone back."""


class PartitionLag(Struct, frozen=True):
    """One partition of a group: how far it is behind, and how it is doing.

    `catches_up` is in how many seconds it will have caught up, at the pace of the window: None where it won't.
    """

    topic: str
    partition: int
    status: Status
    records: int
    seconds: float | None
    committed: int | None
    end: int
    owner: str | None
    catches_up: float | None


class WaitingTicket(Struct, frozen=True):
    """A ticket that waits: the place of its oldest record with which the group is not done, and for how long it waits.

    `ticket` and `contract` are what the record's bytes name, which may be any text; null where they name none.
    `records` is how many of its records were seen.
    """

    ticket: str | None
    contract: str | None
    partition: int
    offset: int
    came: datetime
    seconds: float
    records: int


class WaitingTickets(Struct, frozen=True):
    """The tickets that wait the longest, the longest first, and how many more tickets and records wait.

    `is_whole`: everything that waits was read. Else there were too many records, or it took too long: there may be more
    tickets, and `more_records` follows from offsets, some of which are no records.
    """

    tickets: list[WaitingTicket]
    more_tickets: int
    more_records: int
    is_whole: bool


class GroupLag(Struct, frozen=True):
    """A group on its topic: the sum of the records that wait, and the longest wait.

    `halted` is for how many seconds, as far as was looked, records have waited and the group took nothing in, nowhere.
    `waiting` is there where it was asked for.
    """

    group: str
    topic: str
    at: datetime
    status: Status
    members: list[str]
    records: int
    seconds: float | None
    catches_up: float | None
    halted: float
    partitions: list[PartitionLag]
    waiting: WaitingTickets | UnsetType = UNSET
