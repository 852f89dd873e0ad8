"""Calendars: when a desk is open, across changes of the clock, and when it opens next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adapters.rule_files.load import load_rulebook
from adapters.yaml_files.source import Source
from engine.rulebook.calendar_reading import read_calendars
from engine.rulebook.calendars import Calendar, next_opening
from schemas.calendars import CalendarSettings
from schemas.generate import documents
from schemas.public_holidays import countries, holidays_of

MINUTE = timedelta(minutes=1)


def calendar(zone: str, hours: Mapping[str, str], holidays: Sequence[str] = ()) -> Calendar:
    read, problems = read_calendars({"support": CalendarSettings(zone, dict(hours), list(holidays))})
    assert not problems
    return read["support"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


SUPPORT = calendar("Europe/Paris", {"mon-fri": "09:00-18:00"}, ["2026-12-25"])


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-02T08:00:00+00:00", True),  # a Monday, 9:00 in winter
        ("2026-03-02T07:59:59.999999+00:00", False),
        ("2026-03-02T16:59:59+00:00", True),
        ("2026-03-02T17:00:00+00:00", False),  # the end is not in it
        ("2026-07-06T07:00:00+00:00", True),  # 9:00 in summer
        ("2026-07-06T16:00:00+00:00", False),
        ("2026-07-06T23:00:00+14:00", True),  # another offset, the same moment as 11:00 in Paris
        ("2026-03-01T10:00:00+00:00", False),  # a Sunday
        ("2026-12-25T10:00:00+00:00", False),  # a Friday, and a holiday
    ],
)
def test_a_moment_is_judged_by_the_clock_of_its_zone(moment: str, is_open: bool) -> None:
    assert SUPPORT.is_open(at(moment)) is is_open


def test_a_day_may_have_several_spans_and_last_to_its_end() -> None:
    desk = calendar("UTC", {"mon, wed-thu": "09:00 - 12:00, 14:00-24:00", "sun-mon": "5:00-6:00"})
    week = {day: datetime(2026, 3, 2 + day, tzinfo=UTC) for day in range(7)}
    hours = [[hour for hour in range(24) if desk.is_open(week[day] + timedelta(hours=hour))] for day in week]
    long = [9, 10, 11, *range(14, 24)]
    assert hours == [[5, *long], [], long, long, [], [], [5]]
    assert desk.is_open(week[0] + timedelta(hours=23, minutes=59, seconds=59))


SPRING, AUTUMN = "2026-03-29", "2026-10-25"
"""Sundays on which the clocks of Paris change, at 1:00 in UTC."""


def test_an_hour_that_clocks_skip_is_no_time_of_any_span() -> None:
    skipped = calendar("Europe/Paris", {"sun": "02:00-03:00"})
    assert not any(skipped.is_open(at(f"{SPRING}T00:00:00Z") + n * MINUTE) for n in range(180))
    assert next_opening(skipped, at(f"{SPRING}T00:00:00Z")) == at("2026-04-05T00:00:00Z")
    reaching = calendar("Europe/Paris", {"sun": "02:30-04:00"})
    assert next_opening(reaching, at(f"{SPRING}T00:00:00Z")) == at(f"{SPRING}T01:00:00Z")


def test_an_hour_that_clocks_show_twice_is_open_twice() -> None:
    twice = calendar("Europe/Paris", {"sun": "02:00-02:30"})
    minutes = [n for n in range(300) if twice.is_open(at("2026-10-24T22:00:00Z") + n * MINUTE)]
    assert minutes == [*range(120, 150), *range(180, 210)]
    assert next_opening(twice, at(f"{AUTUMN}T00:45:00Z")) == at(f"{AUTUMN}T01:00:00Z")
    later = calendar("Europe/Paris", {"sun": "02:15-02:30"})
    assert next_opening(later, at(f"{AUTUMN}T00:45:00Z")) == at(f"{AUTUMN}T01:15:00Z")
    # The clock goes back into a span in whose middle it is then.
    into = calendar("Europe/Paris", {"sun": "01:00-02:30"})
    assert next_opening(into, at(f"{AUTUMN}T00:45:00Z")) == at(f"{AUTUMN}T01:00:00Z")


def test_the_next_opening_is_the_moment_itself_while_it_is_open() -> None:
    moment = at("2026-03-02T10:00:00.5+01:00")
    assert next_opening(SUPPORT, moment) == moment
    assert next_opening(SUPPORT, at("2026-12-24T18:00:00+01:00")) == at("2026-12-28T08:00:00Z")


def test_what_never_opens_has_no_next_opening() -> None:
    mondays = [str(date(2026, 1, 5) + timedelta(weeks=week)) for week in range(60)]
    assert next_opening(calendar("UTC", {"mon": "09:00-18:00"}, mondays), at("2026-01-01T00:00:00Z")) is None


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_time_do_no_harm(moment: datetime, zone: str) -> None:
    desk = calendar(zone, {"mon-sun": "09:00-10:00"}, ["FR"])
    assert desk.is_open(moment) in (True, False)
    next_opening(desk, moment)


ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Sao_Paulo",  # until 2019, at midnight
    "Africa/Casablanca",
    "Pacific/Apia",  # no 30 December 2011
    "Asia/Kathmandu",
)
CHANGES = (
    *("2026-03-29T01", "2026-10-25T01", "2026-03-08T07", "2026-11-01T06", "2026-04-04T15", "2026-10-03T15"),
    *("2018-11-04T03", "2018-02-18T02", "2026-02-15T02", "2026-03-22T02", "2011-12-30T10"),
)
TIMES = st.integers(0, 24 * 4).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
SPANS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1])
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKS = st.dictionaries(st.sampled_from(DAYS), SPANS, min_size=1)


def shows_open(hours: Mapping[str, tuple[str, str]], closed: date, zone: str, minute: datetime) -> bool:
    """Another reading: the day and the time as a clock on the wall shows them, compared as text."""
    offset = minute.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    day, time, weekday = (minute + offset).strftime("%Y-%m-%d %H:%M %a").split()
    start, end = hours.get(weekday.lower(), ("", ""))
    return start <= time < end and day != str(closed)


@given(st.sampled_from(ZONES), WEEKS, st.sampled_from(CHANGES), st.integers(-2000, 2000), st.integers(-3, 3))
@settings(max_examples=60)
def test_it_is_open_exactly_when_a_clock_on_the_wall_says_so(
    zone: str, hours: Mapping[str, tuple[str, str]], near: str, away: int, holiday: int
) -> None:
    minute = datetime.fromisoformat(f"{near}:00") + away * MINUTE
    closed = (minute + timedelta(days=holiday)).date()
    desk = calendar(zone, {day: "-".join(span) for day, span in hours.items()}, [str(closed)])
    walk = (minute + n * MINUTE for n in range(30_000))
    found = next((one for one in walk if shows_open(hours, closed, zone, one)), None)
    assert desk.is_open(minute.replace(tzinfo=UTC)) is (found == minute)
    opening = next_opening(desk, minute.replace(tzinfo=UTC))
    assert opening is not None
    assert found is not None
    assert opening == found.replace(tzinfo=UTC)


def test_holidays_of_countries_come_from_the_library() -> None:
    desk = calendar("Europe/Paris", {"mon-sun": "00:00-24:00"}, ["FR", "DE-BY", "2026-12-24"])
    named = {"2026-07-14", "2026-04-06", "2026-01-06", "2026-12-24", "2027-07-14", "2026-10-03"}
    assert {day for day in named if desk.is_holiday(date.fromisoformat(day))} == named
    assert not desk.is_holiday(date(2026, 7, 15))
    # By the day of the zone: in UTC it is still the 13th.
    assert not desk.is_open(at("2026-07-13T22:00:00Z"))
    assert desk.is_open(at("2026-07-13T21:59:00Z"))


@pytest.mark.parametrize("year", [1, 1600, 2100, 9999])
def test_a_year_of_which_nothing_is_known_has_no_holidays_or_some_and_does_no_harm(year: int) -> None:
    assert all(day.year == year for code in ("FR", "LK", "SA", "CN") for day in holidays_of(code, year))


def test_every_country_can_be_asked() -> None:
    assert len(countries()) > 200
    assert all(len(holidays_of(code, 2026)) >= 0 for code in [*countries()][::12])


RULES = """
extends: default
calendars:
  support:
    time_zone: Europe/Paris
    open: {mon-fri: "09:00-12:00, 14:00-18:00", sat: 9:00-12:00}
    holidays: [FR, DE-BY, 2026-12-24, NO]
"""


def test_a_rule_file_holds_calendars_and_its_schema_knows_them(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    support = load_rulebook(file).policy.calendars["support"]
    assert support.countries == ("FR", "DE-BY", "NO")
    assert support.days == {date(2026, 12, 24)}
    schema = next(text for path, text in documents().items() if path.name == "rule-file.schema.json")
    validator = Draft202012Validator(Source("schema", schema).content)
    assert validator.is_valid(Source.of_file(file).content)
    for wrong in (("mon-fri", "monday"), ("09:00-12:00", "9-12"), ("FR", "France"), ("support", "2nd")):
        assert not validator.is_valid(Source("rules", RULES.replace(*wrong)).content), wrong
