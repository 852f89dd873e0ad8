"""So many messages a second, and no more."""

from __future__ import annotations

from datetime import timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.delivery.token_bucket import TokenBucket
from tests.support.sender.fakes import START


def test_a_second_s_worth_goes_at_once_then_one_after_the_other() -> None:
    bucket = TokenBucket(10)
    assert bucket.available(START) == 10
    bucket.take(10, START)
    assert (bucket.available(START), bucket.refills(START)) == (0, START + timedelta(seconds=0.1))
    assert bucket.available(START + timedelta(seconds=0.35)) == 3
    assert bucket.available(START + timedelta(hours=1)) == 10


def test_less_than_one_a_second() -> None:
    bucket = TokenBucket(0.1)
    bucket.take(1, START)
    assert bucket.refills(START) == START + timedelta(seconds=10)
    assert bucket.available(START + timedelta(seconds=9.9)) == 0
    assert bucket.available(START + timedelta(seconds=10)) == 1


def test_a_clock_that_is_set_back_gives_nothing_and_goes_on() -> None:
    bucket = TokenBucket(1)
    bucket.take(1, START)
    back = START - timedelta(hours=1)
    assert bucket.available(back) == 0
    assert bucket.available(back + timedelta(seconds=1)) == 1


@pytest.mark.parametrize("rate", [0.0, -1.0, nan, inf])
def test_a_rate_at_which_nothing_would_be_sent_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        TokenBucket(rate)


@given(
    st.floats(0.01, 500),
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 20)), max_size=50),
)
def test_never_more_than_the_rate_and_one_second_s_worth(rate: float, steps: list[tuple[float, int]]) -> None:
    bucket, now, sent = TokenBucket(rate), START, 0
    for seconds, wanted in steps:
        now += timedelta(seconds=seconds)
        number = min(wanted, bucket.available(now))
        bucket.take(number, now)
        sent += number
        assert sent <= max(1.0, rate) + rate * (now - START).total_seconds() + 1e-6
    assert bucket.available(bucket.refills(now) + timedelta(microseconds=1)) >= 1
