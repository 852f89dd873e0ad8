"""When a save is summed, and when once more."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from outcomes.endpoint import ENDED, STATES
from outcomes.sums import Sum, Told, heard, looked_at
from tests.support.outcomes import MINUTE, SECOND, an_endpoint
from tests.support.sender.fakes import START

DESK = an_endpoint(settle=10 * SECOND, within=15 * MINUTE)


def test_a_save_is_summed_once_its_jobs_have_ended_and_a_moment_has_passed() -> None:
    begun = heard(None, START, DESK)
    assert begun == Sum(START, START + DESK.settle)
    later = heard(begun, START + 5 * SECOND, DESK)
    assert later.due == START + 15 * SECOND
    after, is_posted = looked_at(later, ["delivered", "failed"], START + 15 * SECOND, DESK)
    assert (is_posted, after.told, after.due, after.posts) == (True, Told.ALL, None, 1)


def test_what_does_not_end_is_summed_in_good_time_and_once_more_when_it_has() -> None:
    begun = heard(None, START, DESK)
    after, is_posted = looked_at(begun, ["delivered", "queued"], START + DESK.settle, DESK)
    assert (is_posted, after.due) == (False, START + DESK.within)
    after, is_posted = looked_at(after, ["delivered", "queued"], START + DESK.within, DESK)
    assert (is_posted, after.told, after.due) == (True, Told.A_PART, None)
    again = heard(after, START + 60 * MINUTE, DESK)
    still, is_posted = looked_at(again, ["delivered", "queued"], START + 61 * MINUTE, DESK)
    assert (is_posted, still.due) == (False, None)
    done, is_posted = looked_at(heard(still, START + 62 * MINUTE, DESK), ["delivered"], START + 63 * MINUTE, DESK)
    assert (is_posted, done.told, done.posts) == (True, Told.ALL, 2)


def test_what_changes_all_the_time_is_summed_in_good_time_too() -> None:
    before = heard(None, START, DESK)
    moment = START
    while moment < START + DESK.within:
        moment += 5 * SECOND
        before = heard(before, moment, DESK)
        assert before.due is not None
        assert before.due <= max(moment, START + DESK.within)


def test_a_job_that_is_sent_anew_opens_the_sum_again() -> None:
    done, _ = looked_at(heard(None, START, DESK), ["failed"], START + MINUTE, DESK)
    again = heard(done, START + 600 * MINUTE, DESK)
    assert (again.told, again.since, again.posts) == (Told.NOTHING, START + 600 * MINUTE, 1)


steps = st.lists(st.tuples(st.integers(0, 2_000), st.lists(st.sampled_from(sorted(STATES)), min_size=1)), min_size=1)


@given(steps)
def test_whatever_happens_the_last_word_is_a_whole_sum(course: list[tuple[int, list[str]]]) -> None:
    """However jobs change: once all have ended, what was posted last says so, and nothing waits for ever."""
    now: datetime = START
    standing: Sum | None = None
    is_whole = False
    for wait, states in [*course, (1, ["delivered"])]:
        now += timedelta(seconds=wait)
        standing, is_whole = heard(standing, now, DESK), False
        for _ in range(3):
            if standing.due is None or standing.due > now + timedelta(seconds=wait):
                break
            standing, is_posted = looked_at(standing, states, max(now, standing.due), DESK)
            is_whole = is_posted and all(state in ENDED for state in states)
    if not is_whole:
        assert standing is not None
        assert standing.due is not None
        standing, is_whole = looked_at(standing, ["delivered"], standing.due, DESK)
    assert is_whole
    assert standing is not None
    assert standing.told is Told.ALL
