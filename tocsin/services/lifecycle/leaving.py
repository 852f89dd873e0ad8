"""Whether an engine that stops gives up its place in its group, so that the others take over at once.

A place that is kept lets a process that comes back within its session go on where it was, and nobody has to move
partitions. But nobody works on them meanwhile, and it comes back no sooner than its directory is complete.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

LONGEST_LOAD: Final = timedelta(seconds=1)
"""Partitions are kept for a restart whose load takes no longer. The rest of a restart takes some two seconds more."""
RECORDS_PER_SECOND: Final = 60_000
"""How quickly a directory is loaded, about: it may have grown since this process has loaded it."""


class WhyLeft(StrEnum):
    """Why an engine gives up its place."""

    TOLD = "it was told to"
    LONG_LOAD = "its directory takes longer to load than its partitions should wait"


class Leaving(Struct, frozen=True):
    """When to leave. What somebody has `told` it, to leave or to stay, holds; else the time that a load takes."""

    told: bool | None = None
    longest_load: timedelta = LONGEST_LOAD

    def why(self, loaded_within: timedelta, records: int) -> WhyLeft | None:
        """Why it leaves; None where it stays.

        It has loaded its directory `loaded_within` that time at its start, and has so many `records` now.
        """
        if self.told is not None:
            return WhyLeft.TOLD if self.told else None
        return WhyLeft.LONG_LOAD if next_load(loaded_within, records) > self.longest_load else None


def next_load(loaded_within: timedelta, records: int) -> timedelta:
    """How long the next load takes, about: no less than the last one, and no less than so many records take."""
    return max(loaded_within, timedelta(seconds=records / RECORDS_PER_SECOND))
