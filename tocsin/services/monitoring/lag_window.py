"""The latest readings of each partition, no more than a window holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.lag import GroupLag, PartitionReading
from tocsin.services.monitoring.lag_status import group_lag, moves


class Window:
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
        kept = self._readings.get(reading.partition, deque(maxlen=self._most))
        while kept and reading.at - kept[0].at > self._span:
            kept.popleft()
        kept.append(reading)
        return kept
