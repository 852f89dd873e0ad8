"""When digests go out: `hourly`, `daily at 08:00`, `weekly on monday at 08:00`, by the clock of whoever reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_WORDS: Final = re.compile(
    r"hourly|(?:daily|weekly on (?P<day>[a-z]+)) at (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})", re.IGNORECASE
)
_QUARTER: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)


class DigestTimes(Struct, frozen=True):
    """The moments at which a rule's digests go out, and what the rule says of them.

    Without a `clock` time: at each full hour. `weekday` counts from Monday, 0; None: each day.
    """

    said: str
    clock: time | None = None
    weekday: int | None = None

    @property
    def apart(self) -> timedelta:
        """How far two of them lie from each other where no clock is changed."""
        if self.clock is None:
            return timedelta(hours=1)
        return _DAY if self.weekday is None else 7 * _DAY

    def after(self, moment: datetime, zone: str) -> datetime:
        """The first of them after this moment, in UTC. Raises OverflowError at the end of the calendar.

        Where a time comes twice since the clock is put back, the first one counts. One that is left out since the clock
        is put forward comes later by as much.
        """
        own = ZoneInfo(zone)
        if self.clock is None:
            return _full_hour_after(moment, own)
        day = moment.astimezone(own).date() - _DAY
        while True:
            found = datetime.combine(day, self.clock, own).astimezone(UTC)
            if found > moment and self.weekday in (None, day.weekday()):
                return found
            day += _DAY


@lru_cache(maxsize=1024)
def digest_times(said: str) -> DigestTimes | None:
    """What a rule says under `digest`; None where it makes no sense."""
    words = " ".join(said.split())
    found = _WORDS.fullmatch(words)
    if found is None:
        return None
    if found["hour"] is None:
        return DigestTimes(words)
    day = None if found["day"] is None else _weekday(found["day"].lower())
    hour, minute = int(found["hour"]), int(found["minute"])
    if day == -1 or hour > 23 or minute > 59:  # noqa: PLR2004 - as clocks have them
        return None
    return DigestTimes(words, time(hour, minute), day)


def _weekday(name: str) -> int:
    """From Monday, 0; -1 where it is no day. The first three letters do."""
    return next((number for number, day in enumerate(DAYS) if name in (day, day[:3])), -1)


def _full_hour_after(moment: datetime, zone: ZoneInfo) -> datetime:
    """The clocks of all zones differ from UTC by quarters of an hour, and may be put on by half an hour."""
    found = moment.astimezone(UTC)
    found = found.replace(minute=found.minute // 15 * 15, second=0, microsecond=0)
    for _ in range(8):
        found += _QUARTER
        if found.astimezone(zone).minute == 0:
            return found
    return found
