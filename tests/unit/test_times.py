"""Moments as a reader sees them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sender.messages.times import local_time
from tests.support.mail.messages import a_job, as_read, compose, external


@pytest.mark.parametrize(
    ("hour", "shown"),
    [(0, "25 octobre 2026, 02:30 +02:00"), (1, "25 octobre 2026, 02:30 +01:00")],
)
def test_the_hour_that_comes_twice_is_told_apart_by_its_offset(hour: int, shown: str) -> None:
    saved_at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    assert local_time(saved_at, "fr", "Europe/Paris") == shown
    content = compose(a_job(external(saved_at=saved_at), language="fr")).mail.content
    assert f"Modifiée le\u00a0: {shown}\n" in as_read(content).text
    assert shown in (as_read(content).html or "")


@pytest.mark.parametrize(
    ("language", "time_zone", "shown"),
    [
        ("en", "UTC", "March 2, 2026, 09:15 +00:00"),
        ("en-GB", "America/St_Johns", "2 March 2026, 05:45 -03:30"),
        ("pt-BR", "Asia/Tokyo", "2 de março de 2026, 18:15 +09:00"),
        ("xx", "Europe/Paris", "2026-03-02 10:15 +01:00"),
        ("", "UTC", "2026-03-02 09:15 +00:00"),
        ("fr", "Mars/Olympus", "2 mars 2026, 09:15 +00:00"),
        ("fr", "../../etc/passwd", "2 mars 2026, 09:15 +00:00"),
        ("fr", "", "2 mars 2026, 09:15 +00:00"),
    ],
)
def test_language_and_zone_are_the_readers_and_unknown_ones_do_no_harm(
    language: str, time_zone: str, shown: str
) -> None:
    assert local_time(datetime(2026, 3, 2, 9, 15, tzinfo=UTC), language, time_zone) == shown


def test_the_ends_of_the_calendar_are_shown_in_utc() -> None:
    assert local_time(datetime(1, 1, 1, tzinfo=UTC), "fr", "America/New_York").endswith("00:00 +00:00")
    assert local_time(datetime(9999, 12, 31, 23, tzinfo=UTC), "fr", "Asia/Tokyo").endswith("23:00 +00:00")


def test_a_time_without_offset_is_taken_to_be_in_utc() -> None:
    naive = datetime(2026, 3, 2, 9, 15)  # noqa: DTZ001  (what the test is about)

    assert local_time(naive, "fr", "Europe/Paris") == "2 mars 2026, 10:15 +01:00"
