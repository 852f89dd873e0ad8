"""When digests go out, over changes of the clock too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rulebook.digest_times import digest_times

START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe")


def after(said: str, moment: str, zone: str = "Europe/Paris") -> str:
    times = digest_times(said)
    assert times is not None
    return times.after(datetime.fromisoformat(moment), zone).astimezone(UTC).isoformat().removesuffix("+00:00")


@pytest.mark.parametrize(
    ("said", "moment", "due"),
    [
        ("hourly", "2026-03-02T09:15:00Z", "2026-03-02T10:00:00"),
        ("hourly", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00"),
        ("daily at 08:00", "2026-03-02T06:59:59Z", "2026-03-02T07:00:00"),
        ("daily at 08:00", "2026-03-02T07:00:00Z", "2026-03-03T07:00:00"),
        ("daily at 8:00", "2026-03-02T23:30:00Z", "2026-03-03T07:00:00"),
        ("weekly on monday at 08:00", "2026-03-02T06:00:00Z", "2026-03-02T07:00:00"),
        ("Weekly  on MON at 08:00", "2026-03-02T08:00:00Z", "2026-03-09T07:00:00"),
        # The clock is put forward on 2026-03-29 at 01:00 UTC, and back on 2026-10-25 at 01:00 UTC.
        ("daily at 08:00", "2026-03-28T12:00:00Z", "2026-03-29T06:00:00"),
        ("daily at 08:00", "2026-10-24T12:00:00Z", "2026-10-25T07:00:00"),
        ("daily at 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00"),
        ("daily at 02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00"),
        ("daily at 02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00"),
        ("weekly on sunday at 02:30", "2026-10-25T00:30:00Z", "2026-11-01T01:30:00"),
        ("hourly", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00"),
    ],
)
def test_it_goes_out_by_the_readers_clock(said: str, moment: str, due: str) -> None:
    assert after(said, moment) == due


def test_hours_begin_when_the_readers_clock_says_so() -> None:
    assert after("hourly", "2026-03-02T09:15:00Z", "Asia/Kolkata") == "2026-03-02T09:30:00"
    # Its clock is put back by half an hour on 2026-04-05 at 15:00 UTC the day before.
    assert after("hourly", "2026-04-04T15:10:00Z", "Australia/Lord_Howe") == "2026-04-04T15:30:00"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "daily",
        "daily at 24:00",
        "daily at 08:60",
        "daily at 8",
        "weekly at 08:00",
        "weekly on mo at 08:00",
        "hourly at 08:00",
    ],
)
def test_what_is_no_time_is_refused(said: str) -> None:
    assert digest_times(said) is None


@given(
    st.integers(0, 2 * 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)
def test_it_comes_once_on_each_day(moment: datetime, hour: int, minute: int, zone: str) -> None:
    times = digest_times(f"daily at {hour}:{minute:02}")
    assert times is not None
    first = times.after(moment, zone)
    second = times.after(first, zone)
    assert moment < first <= moment + timedelta(hours=25)
    days = [one.astimezone(ZoneInfo(zone)).date() for one in (first, second)]
    assert days[1] - days[0] == timedelta(days=1)
    assert times.after(first - timedelta(microseconds=1), zone) == first
