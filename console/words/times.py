"""How the console writes moments: in the reader's zone and language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta

_DAY: Final = timedelta(days=1)
_FORMS: Final = {"en": ("d MMM y, HH:mm:ss", "d MMM, HH:mm"), "fr": ("d MMM y, HH:mm:ss", "d MMM, HH:mm")}
"""Whole, and short; 24 hours in both, since it stands beside logs."""


class Times:
    """Writes moments for one reader."""

    def __init__(self, language: str, zone: str, now: datetime) -> None:
        self._language = language
        self.zone = ZoneInfo(zone)
        self.now = now

    def whole(self, moment: datetime) -> str:
        """Day and time to the second: `2 Mar 2026, 10:15:00`."""
        return self._written(moment, _FORMS[self._language][0])

    def short(self, moment: datetime) -> str:
        """Day and time to the minute, without the year while it is less than half of one ago."""
        if abs(self.now - moment) < _DAY * 180:
            return self._written(moment, _FORMS[self._language][1])
        return self._written(moment, "d MMM y")

    def machine(self, moment: datetime) -> str:
        """For `<time datetime>` and files: ISO 8601 in UTC."""
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def ago(self, moment: datetime) -> str:
        """How long ago, or in how long, in its largest unit: `3 hours ago`."""
        return format_timedelta(moment - self.now, add_direction=True, locale=self._language, threshold=1.2)

    def span(self, length: timedelta) -> str:
        """A length of time in its largest unit: `3 hours`."""
        return format_timedelta(length, locale=self._language, threshold=1.2)

    def of_day(self, moment: datetime) -> str:
        """Hour and minute."""
        return self._written(moment, "HH:mm")

    def _written(self, moment: datetime, form: str) -> str:
        return format_datetime(moment, form, tzinfo=self.zone, locale=self._language)
