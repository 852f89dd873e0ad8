"""How a group is doing, judged over a window of readings: the states are those that Burrow made known."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from schemas.lag import GroupLag, PartitionLag, PartitionReading, Status

_BAD: Final = frozenset({Status.STALL, Status.STOP, Status.REWIND})


def judge(readings: Sequence[PartitionReading]) -> Status:
    """The state of one partition. `readings` are those of the window, the oldest first, at least one.

    A single reading shows no trend: it is bad only where no member has the partition.
    """
    last = readings[-1]
    # First of all, since offsets that went back make every other figure meaningless.
    if any(after.position < before.position for before, after in pairwise(readings)):
        return Status.REWIND
    if any(one.records == 0 for one in readings):
        # It was up to date within the window: what has come since is on its way.
        return Status.OK
    if len(readings) > 1 and readings[0].committed == last.committed:
        return Status.STALL if last.owner is not None else Status.STOP
    if len(readings) == 1:
        return Status.OK if last.owner is not None else Status.STOP
    return Status.WARN if _falls_behind(readings) else Status.OK


def catches_up(readings: Sequence[PartitionReading]) -> float | None:
    """In how many seconds nothing will be left, at the pace of these readings; None where it won't, or is unknown."""
    first, last = readings[0], readings[-1]
    if last.records == 0:
        return 0.0
    passed = (last.at - first.at).total_seconds()
    if passed <= 0 or first.records <= last.records:
        return None
    return last.records * passed / (first.records - last.records)


def partition_lag(readings: Sequence[PartitionReading]) -> PartitionLag:
    """One partition as its latest reading shows it, judged over all of them."""
    last = readings[-1]
    return PartitionLag(
        topic=last.topic,
        partition=last.partition,
        status=judge(readings),
        records=last.records,
        seconds=last.seconds,
        committed=last.committed,
        end=last.end,
        owner=last.owner,
        catches_up=catches_up(readings),
    )


def moves(before: Mapping[int, PartitionReading], now: Sequence[PartitionReading]) -> bool:
    """Whether a group has done something since `before`, its readings by partition, or has nothing to do."""
    if all(one.records == 0 for one in now):
        return True
    return any(one.partition not in before or before[one.partition].committed != one.committed for one in now)


def group_lag(
    group: str,
    topic: str,
    members: Sequence[str],
    windows: Sequence[Sequence[PartitionReading]],
    halted: float = 0.0,
) -> GroupLag:
    """A group: as bad as its worst partition. `windows` holds the readings of each partition; at least one."""
    partitions = [partition_lag(window) for window in windows]
    waits = [one.seconds for one in partitions if one.seconds is not None]
    ends = [one.catches_up for one in partitions if one.records != 0]
    return GroupLag(
        group=group,
        topic=topic,
        at=max(window[-1].at for window in windows),
        status=_worst([one.status for one in partitions]),
        members=sorted(members),
        records=sum(one.records for one in partitions),
        seconds=max(waits, default=None),
        catches_up=None if None in ends else max((one for one in ends if one is not None), default=0.0),
        halted=halted,
        partitions=partitions,
    )


def _falls_behind(readings: Sequence[PartitionReading]) -> bool:
    records = [one.records for one in readings]
    return records[-1] > records[0] and all(after >= before for before, after in pairwise(records))


def _worst(statuses: Sequence[Status]) -> Status:
    if any(one in _BAD for one in statuses):
        return Status.ERR
    return Status.WARN if Status.WARN in statuses else Status.OK


class LagWindow:
    """Keeps the readings of one group on one topic, for as long as `span` and at most `most` for each partition."""

    def __init__(self, group: str, topic: str, span: timedelta, most: int = 120) -> None:
        self._group = group
        self._topic = topic
        self._span = span
        self._most = most
        self._readings: dict[int, deque[PartitionReading]] = {}
        self._moved: datetime | None = None

    def add(self, readings: Sequence[PartitionReading], members: Sequence[str]) -> GroupLag:
        """Take in the readings of one look at all partitions, and judge them. At least one is needed.

        A partition that is not among them is forgotten: it is somebody else's by now, or gone.
        """
        latest = {one: kept[-1] for one, kept in self._readings.items()}
        at = max(one.at for one in readings)
        if self._moved is None or moves(latest, readings):
            self._moved = at
        self._readings = {one.partition: self._longer(one) for one in readings}
        return group_lag(
            self._group, self._topic, members, [*self._readings.values()], (at - self._moved).total_seconds()
        )

    def _longer(self, reading: PartitionReading) -> deque[PartitionReading]:
        # Bounded by number as well as by age, however often somebody looks.
        kept = self._readings.get(reading.partition, deque(maxlen=self._most))
        while kept and reading.at - kept[0].at > self._span:
            kept.popleft()
        kept.append(reading)
        return kept
