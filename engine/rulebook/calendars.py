"""Calendars: when a desk is open, and when it opens next. By the time that is asked about alone, never by a clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from schemas.public_holidays import holidays_of

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week, as rule files name them."""

LONGEST_CLOSURE: Final = 400
"""Days that are looked ahead for the next opening."""

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


class Span(Struct, frozen=True, order=True):
    """Hours of a day, in minutes since its midnight: the start belongs to it, the end (at most 1,440) does not."""

    start: int
    end: int


class Calendar(Struct, frozen=True):
    """When a desk is open. A moment is judged by what the clocks and calendars of its zone show then.

    So an hour that clocks skip is no time of any span, and one that they show twice is open twice. A span ends on its
    own day, so each day stands for itself: on a holiday all of its hours are closed, and no others.
    """

    name: str
    zone: ZoneInfo
    open: tuple[tuple[Span, ...], ...]
    """The spans of each day of the week, Monday first, in their order; they don't overlap."""
    days: frozenset[date]
    """Holidays that are named one by one."""
    countries: tuple[str, ...]
    """Countries (`FR`) and parts of them (`DE-BY`) whose public holidays are holidays."""

    def is_open(self, moment: datetime) -> bool:
        """Whether the moment, a time with an offset, lies in the open hours and on no holiday."""
        try:
            shown = moment.astimezone(self.zone)
        except OverflowError:
            # Where it is the year 0 or 10,000 there, no day has a date.
            return False
        minute = shown.hour * 60 + shown.minute
        spans = self.open[shown.weekday()]
        return any(span.start <= minute < span.end for span in spans) and not self.is_holiday(shown.date())

    def is_holiday(self, day: date) -> bool:
        """Whether it is closed on all of this day of its zone."""
        return day in self.days or any(day in holidays_of(country, day.year) for country in self.countries)


def next_opening(calendar: Calendar, moment: datetime) -> datetime | None:
    """The first time, from this moment on, at which the calendar is open, in UTC: the moment itself where it is.

    None where it stays closed for 400 days.
    """
    if calendar.is_open(moment):
        return moment.astimezone(UTC)
    try:
        day = moment.astimezone(calendar.zone).date()
        for ahead in range(LONGEST_CLOSURE):
            for opening in sorted(_turns(calendar, day + ahead * _DAY)):
                if opening > moment and calendar.is_open(opening):
                    return opening
    except OverflowError:
        pass
    return None


def _turns(calendar: Calendar, day: date) -> Iterator[datetime]:
    """When it may open on a day of its zone: as a span starts, and as the clocks change. All in UTC."""
    midnight = datetime.combine(day, time(), calendar.zone)
    for span in calendar.open[day.weekday()]:
        start = midnight + timedelta(minutes=span.start)
        # A time that clocks show twice is two moments.
        yield from (start.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    begin, end = midnight.astimezone(UTC), (midnight + _DAY).astimezone(UTC)
    if _offset(calendar, begin) != _offset(calendar, end):
        yield _change(calendar, begin, end)


def _change(calendar: Calendar, before: datetime, after: datetime) -> datetime:
    """The first second with the later offset, where the clocks change once between two moments."""
    new = _offset(calendar, after)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        before, after = (before, middle) if _offset(calendar, middle) == new else (middle, after)
    return after


def _offset(calendar: Calendar, moment: datetime) -> timedelta | None:
    return moment.astimezone(calendar.zone).utcoffset()
