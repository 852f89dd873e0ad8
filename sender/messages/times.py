"""Points in time as a reader sees them: in the words of their language, by the clock of their zone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from sender.messages.locales import locale_of


def local_time(time: datetime, language: str, time_zone: str) -> str:
    """Date, time and offset from UTC: `25 octobre 2026, 02:30 +02:00`.

    `language` is a tag as in RFC 5646, `time_zone` an IANA name. An unknown language is answered with a date as in
    ISO 8601, an unknown zone with UTC. The offset tells the two hours apart that one clock reads when summer time ends.
    """
    local = _by_clock(time, time_zone)
    locale = locale_of(language)
    # Babel 2.18 gives -03:30 as -04:30, so the offset is written here.
    clock = f"{local:%H:%M} {_offset(local)}"
    return (
        f"{local.date().isoformat()} {clock}"
        if locale is None
        else f"{format_date(local, 'long', locale=locale)}, {clock}"
    )


def in_utc(time: datetime) -> datetime:
    """The same moment in UTC; a time without offset is taken to be in UTC."""
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return time.replace(tzinfo=UTC)


def _by_clock(time: datetime, time_zone: str) -> datetime:
    moment = in_utc(time)
    try:
        return moment.astimezone(_zone(time_zone))
    except OverflowError:
        # The first and last hours of the calendar have no local form in some zones.
        return moment


def _offset(local: datetime) -> str:
    digits = f"{local:%z}"
    return f"{digits[:3]}:{digits[3:5]}"


@lru_cache(maxsize=1024)
def _zone(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
