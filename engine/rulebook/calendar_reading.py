"""From the calendars of a rule file to those that are asked, and to all that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from engine.rulebook.calendars import DAYS, Calendar, Span
from engine.rulebook.conditions.lexer import KEYWORDS
from schemas.calendars import CalendarSettings
from schemas.finding import FindingCode
from schemas.problem import Path, Place, Problem
from schemas.public_holidays import code_meant, is_known
from schemas.time_zones import time_zones, zone_meant

END_OF_DAY: Final = 24 * 60
FIRST_YEAR, LAST_YEAR = 2000, 2199
"""Of holidays that are named by their date: another year is a slip."""

_WORDS: Final = KEYWORDS | {"true", "false", "null"}
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
_SPAN: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DASHES: Final = re.compile("\\s*(?:[\u2010-\u2015\u2212~]|\\b(?:to|à|bis)\\b)\\s*")
_LOOSE_TIME: Final = re.compile(r"(\d{1,2})(?:\s*[h:.]\s*(\d{2})?)?")


def read_calendars(written: Mapping[str, CalendarSettings]) -> tuple[dict[str, Calendar], list[Problem]]:
    """The calendars by name, without what is wrong in them, and all that is."""
    problems: list[Problem] = []
    return {name: _Reader(name, problems).read(one) for name, one in written.items()}, problems


class _Reader:
    """Reads one calendar."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self._name = name
        self._problems = problems

    def read(self, written: CalendarSettings) -> Calendar:
        self._check_name()
        spans = self._week(written.open)
        days, countries = self._holidays(written.holidays)
        return Calendar(self._name, self._zone(written.time_zone), spans, days, countries)

    def _wrong(
        self, path: Path, message: str, suggestion: str, place: Place | None = None, at_key: bool = False
    ) -> None:
        whole = ("calendars", self._name, *path)
        self._problems.append(Problem(whole, message, place, FindingCode.WRONG_CALENDAR, suggestion, at_key))

    def _check_name(self) -> None:
        if self._name.lower() in _WORDS:
            self._wrong((), f"`{self._name}` is a word of conditions", "rename the calendar", at_key=True)
        elif not _NAME.fullmatch(self._name):
            advice = "name it with a letter first, then letters (a to z), digits, - and _, 80 at most"
            self._wrong((), f"`{self._name}` can't be named in a condition", advice, at_key=True)

    def _zone(self, name: str) -> ZoneInfo:
        if name in time_zones():
            return ZoneInfo(name)
        self._wrong(("time_zone",), f"`{name}` is no IANA time zone", zone_meant(name))
        return ZoneInfo("UTC")

    def _week(self, written: Mapping[str, str]) -> tuple[tuple[Span, ...], ...]:
        week: list[list[Span]] = [[] for _ in DAYS]
        for key, hours in written.items():
            days = _days(key)
            if days is None:
                self._wrong(("open", key), f"`{key}` names no days of the week", _days_meant(key), at_key=True)
            for span, place in self._spans(key, hours):
                for day in days or ():
                    if any(span.start < other.end and other.start < span.end for other in week[day]):
                        message = f"these hours overlap with others of the same day, {DAYS[day]}"
                        self._wrong(("open", key), message, "let each hour of a day stand once", place)
                        break
                    week[day].append(span)
        return tuple(tuple(sorted(spans)) for spans in week)

    def _spans(self, key: str, hours: str) -> Iterator[tuple[Span, Place]]:
        offset = 0
        for written in hours.split(","):
            blanks = len(written) - len(written.lstrip())
            place = Place(offset + blanks, max(1, len(written.strip())))
            offset += len(written) + 1
            span = _span(written)
            wrong = _what_is_wrong(written.strip(), span, key)
            if wrong is not None:
                self._wrong(("open", key), *wrong, place)
            elif span is not None:
                yield span, place

    def _holidays(self, written: list[str]) -> tuple[frozenset[date], tuple[str, ...]]:
        days, countries = set(), []
        for index, one in enumerate(written):
            if _DATE.fullmatch(one):
                try:
                    day = date.fromisoformat(one)
                except ValueError:
                    self._wrong(("holidays", index), f"there is no day `{one}`", "write year-month-day")
                    continue
                if FIRST_YEAR <= day.year <= LAST_YEAR:
                    days.add(day)
                else:
                    advice = f"write a year from {FIRST_YEAR} to {LAST_YEAR}"
                    self._wrong(("holidays", index), f"`{one}` is in the year {day.year}", advice)
            elif is_known(one):
                countries.append(one)
            else:
                message = f"`{one}` is neither a day nor a country whose holidays are known"
                self._wrong(("holidays", index), message, _holiday_meant(one))
        return frozenset(days), tuple(countries)


def _days(key: str) -> list[int] | None:
    """The days of the week that a key names, 0 for Monday; None where it is no list of days."""
    found: list[int] = []
    for part in key.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            return None
        day = DAYS.index(first)
        length = (DAYS.index(last) - day) % 7 + 1 if dash else 1
        found += [(day + step) % 7 for step in range(length)]
    return [*dict.fromkeys(found)]


def _days_meant(key: str) -> str:
    tidied = re.sub(r"[a-z]+", lambda word: word[0][:3], _DASHES.sub("-", key.lower()))
    if _days(tidied) is not None:
        return f"did you mean `{tidied}`?"
    return f"write {', '.join(DAYS)}, as in `mon-fri` or `sat,sun`"


def _span(written: str) -> Span | None:
    """The span as it is written, whatever it comes to; None where it is none."""
    found = _SPAN.fullmatch(written)
    if found is None:
        return None
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    if max(start_minute, end_minute) >= 60 or max(start_hour, end_hour) > 24:  # noqa: PLR2004
        return None
    return Span(start_hour * 60 + start_minute, end_hour * 60 + end_minute)


def _what_is_wrong(written: str, span: Span | None, key: str) -> tuple[str, str] | None:
    """What is wrong with hours and what to do; None where they are right."""
    if span is None or max(span.start, span.end) > END_OF_DAY:
        return f"`{written}` is no span of hours", _hours_meant(written)
    if span.start == span.end:
        return f"`{written}` has no time in it", "write `00:00-24:00` for a whole day"
    if span.end == 0:
        return f"`{written}` ends before it starts", f"write `{_clock(span.start)}-24:00` for the end of the day"
    if span.end < span.start:
        following = re.sub("|".join(DAYS), lambda day: DAYS[(DAYS.index(day[0]) + 1) % 7], key)
        return (
            f"`{written}` goes over midnight, and a span ends on its own day",
            f'write `{key}: "{_clock(span.start)}-24:00"` and `{following}: "00:00-{_clock(span.end)}"`',
        )
    return None


def _hours_meant(written: str) -> str:
    tidied = _LOOSE_TIME.sub(lambda found: f"{int(found[1]):02}:{found[2] or '00'}", _DASHES.sub("-", written.lower()))
    meant = _span(tidied)
    if meant is not None and max(meant.start, meant.end) <= END_OF_DAY:
        return f"did you mean `{tidied}`?"
    return 'write times from 00:00 to 24:00, as in "09:00-12:00, 14:00-18:00"'


def _holiday_meant(written: str) -> str:
    if any(character.isdigit() for character in written[:2]):
        return "write the day as year-month-day, `2026-12-24`"
    return code_meant(written)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
