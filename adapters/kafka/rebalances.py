"""The rebalances of a group, as one member sees them. It logs and counts each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from kafka.structs import MemberState

log = structlog.get_logger()

_OTHERS: Final = "another member came, left or was thrown out, or there are more partitions"

NO_GENERATION: Final = -1
"""The generation id of a client that is no member of a group."""


class Rebalances:
    """It gets the group's metadata after each poll, and notices when a rebalance has ended."""

    def __init__(self, group: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._group = group
        self._seconds = seconds
        self._since: float | None = seconds()
        self._why = "this process has started"
        self._generation = NO_GENERATION
        self.count = 0
        """How many generations this member has been part of."""

    def see(self, group: Any, partitions: Callable[[], Iterable[Any]]) -> None:
        """Look at the group right after a poll. `partitions` gives the partitions of this member."""
        if group.state != MemberState.STABLE:
            self._begin(group)
        elif group.generation_id not in (self._generation, NO_GENERATION):
            self._end(group, sorted(one.partition for one in partitions()))

    def lasts(self) -> float:
        """For how many seconds the group has been without a stable generation; 0.0 if it has one."""
        return 0.0 if self._since is None else self._seconds() - self._since

    def _begin(self, group: Any) -> None:
        if self._since is None:
            self._since = self._seconds()
        if self._generation != NO_GENERATION and group.generation_id == NO_GENERATION:
            self._why = "this member was thrown out"
            self._generation = NO_GENERATION

    def _end(self, group: Any, partitions: list[int]) -> None:
        began, self._since = self._since, None
        self.count += 1
        self._generation = group.generation_id
        log.info(
            "rebalanced",
            group=self._group,
            generation=group.generation_id,
            why=self._why,
            seconds=None if began is None else round(self._seconds() - began, 1),
            partitions=partitions,
        )
        self._why = _OTHERS
