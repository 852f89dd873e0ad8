"""The time zones that there are."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database, as this machine has it, else as the package tzdata has it."""
    # The names stand in some hundred files: looked up once.
    return frozenset(available_timezones())
