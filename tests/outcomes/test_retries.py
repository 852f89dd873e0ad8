"""When a post goes again: as Standard Webhooks recommends; and when an endpoint is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outcomes.retries import DELAYS, FAILURES, LONGEST_PAUSE, Answer, Pause, Verdict, next_try
from tests.support.outcomes import HOUR, MINUTE, SECOND
from tests.support.sender.fakes import START

NONE = Answer(why="no connection")


def never() -> float:
    return 0.0


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.DELIVERED) for status in (200, 201, 202, 204, 299)),
        *((status, Verdict.REFUSED) for status in (301, 302, 307, 308, 400, 401, 403, 404, 413, 422)),
        *((status, Verdict.AWAY) for status in (408, 429, 500, 502, 503, 504, None)),
        (410, Verdict.GONE),
        *((status, Verdict.REFUSED) for status in (101, 999)),
    ],
)
def test_what_an_answer_says(status: int | None, verdict: Verdict) -> None:
    assert Answer(status).verdict is verdict


def test_a_refused_post_goes_again_by_the_recommended_schedule() -> None:
    delays = [next_try(Answer(400), attempt, START, never) - START for attempt in range(1, 13)]
    assert delays[:4] == [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR]
    assert delays[8:] == [24 * HOUR] * 4
    assert sum(DELAYS, timedelta(0)) == timedelta(hours=75, minutes=35, seconds=5)


def test_chance_makes_a_delay_longer_and_never_shorter() -> None:
    assert next_try(Answer(400), 2, START, lambda: 0.999) - START > 6 * MINUTE
    assert next_try(Answer(400), 2, START, never) - START == 5 * MINUTE


def test_what_an_endpoint_that_is_away_put_off_waits_minutes_not_hours() -> None:
    assert next_try(NONE, 9, START, never) - START == LONGEST_PAUSE


@pytest.mark.parametrize(("asked", "waits"), [(2 * SECOND, 5 * SECOND), (MINUTE, MINUTE), (100 * HOUR, HOUR)])
def test_an_endpoint_may_ask_for_time_within_a_bound(asked: timedelta, waits: timedelta) -> None:
    assert next_try(Answer(503, retry_after=asked), 1, START, never) - START == waits


def test_one_failure_alone_pauses_nothing_and_several_do() -> None:
    pause = Pause(never)
    for _ in range(FAILURES - 1):
        pause.answered(Answer(500), START)
        assert not pause.is_open
    pause.answered(Answer(500), START)
    assert pause.is_open
    assert pause.until(START) == START + 5 * SECOND
    assert pause.until(START + 5 * SECOND) is None
    waits = []
    for _ in range(10):
        pause.answered(NONE, START)
        waits.append((pause.until(START) or START) - START)
    assert waits[:2] == [10 * SECOND, 20 * SECOND]
    assert waits[-1] == LONGEST_PAUSE
    pause.answered(Answer(400), START)
    assert not pause.is_open


def test_an_endpoint_that_asks_for_time_gets_it_at_once() -> None:
    pause = Pause(never)
    pause.answered(Answer(429, retry_after=MINUTE), START)
    assert pause.until(START) == START + MINUTE


def test_a_clock_that_was_set_back_does_not_prolong_a_pause() -> None:
    pause = Pause(never)
    pause.answered(Answer(429, retry_after=MINUTE), START)
    assert pause.until(START - 100 * HOUR) is None
