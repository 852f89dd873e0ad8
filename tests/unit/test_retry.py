"""The retry policy: waits grow, are spread, and end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.delivery.retry import RetryPolicy, Verdict, after_fault, after_lapse, after_reply, out_of_time
from sender.replies.reply import ReplyKind
from sender.states import TABLE, Standing, State, Transition, step
from tests.support.sender.fakes import START

POLICY = RetryPolicy()
chances = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, 10_000)


def sending(attempt: int = 1, unknowns: int = 0, faults: int = 0) -> Standing:
    return Standing(State.SENDING, attempt=attempt, unknowns=unknowns, faults=faults)


def wait(verdict: Verdict) -> timedelta:
    assert verdict.until is not None
    return verdict.until - START


@given(attempts, chances, chances)
def test_waits_grow_up_to_the_longest_and_are_spread(attempt: int, first: float, second: float) -> None:
    one = wait(after_reply(POLICY, sending(attempt), ReplyKind.DEFERRED, START, lambda: first))
    next_one = wait(after_reply(POLICY, sending(attempt + 1), ReplyKind.DEFERRED, START, lambda: second))
    assert POLICY.first_delay <= one <= POLICY.longest_delay * (1 + POLICY.jitter)
    assert next_one >= one or next_one >= POLICY.longest_delay


def test_the_first_waits_are_those_of_the_formula() -> None:
    waits = [wait(after_reply(POLICY, sending(n), ReplyKind.DEFERRED, START, lambda: 0)) for n in range(1, 8)]
    assert [int(one.total_seconds()) for one in waits] == [30, 60, 120, 240, 480, 900, 900]
    spread = wait(after_reply(POLICY, sending(1), ReplyKind.DEFERRED, START, lambda: 0.5))
    assert spread == timedelta(seconds=30 * 1.125)


@given(attempts)
def test_a_refusal_and_a_delivery_end_the_job_at_the_first_try(attempt: int) -> None:
    refused = after_reply(POLICY, sending(attempt), ReplyKind.REFUSED, START, lambda: 0)
    accepted = after_reply(POLICY, sending(attempt), ReplyKind.ACCEPTED, START, lambda: 0)
    assert (refused.transition, accepted.transition) == (Transition.REFUSED, Transition.DELIVERED)
    assert (refused.until, accepted.until) == (None, None)


@given(attempts, chances, st.integers(0, POLICY.unknown_tries - 2))
def test_after_an_unknown_outcome_it_waits_longer_than_after_any_other(a: int, chance: float, unknowns: int) -> None:
    unknown = after_reply(POLICY, sending(a, unknowns), ReplyKind.UNKNOWN, START, lambda: chance)
    lapsed = after_lapse(POLICY, sending(a, unknowns), START, lambda: chance)
    deferred = after_reply(POLICY, sending(a, unknowns), ReplyKind.DEFERRED, START, lambda: chance)
    assert (unknown.transition, lapsed.transition) == (Transition.UNDECIDED, Transition.LAPSED)
    assert wait(unknown) == wait(lapsed) > wait(deferred)


def test_unknown_outcomes_and_faults_end_after_a_bounded_number_of_tries() -> None:
    for verdict_on, tries, end in (
        (after_lapse, POLICY.unknown_tries, Transition.LEFT_UNKNOWN),
        (after_fault, POLICY.fault_tries, Transition.GAVE_UP),
    ):
        standing, made = sending(), 0
        while TABLE[(verdict := verdict_on(POLICY, standing, START, lambda: 0)).transition].target is not State.FAILED:
            made += 1
            waiting = step(standing, verdict.transition, verdict.until)
            assert waiting is not None
            claimed = step(waiting, Transition.CLAIMED, START)
            assert claimed is not None
            standing = claimed
        assert (made + 1, verdict.transition) == (tries, end)


def test_out_of_time_is_expired_only_where_nothing_may_have_arrived() -> None:
    assert out_of_time(sending()).transition is Transition.EXPIRED
    assert out_of_time(sending(unknowns=1)).transition is Transition.LEFT_UNKNOWN


@pytest.mark.parametrize(
    "fields",
    [
        {"first_delay": timedelta(0)},
        {"longest_delay": timedelta(seconds=1)},
        {"unknown_delay": timedelta(minutes=1)},
        {"growth": 1.0},
        {"growth": 1e9},
        {"jitter": -0.1},
        {"jitter": float("nan")},
        {"unknown_tries": 0},
        {"fault_tries": 0},
    ],
    ids=str,
)
def test_a_policy_that_would_hammer_or_never_try_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"delays|jitter|tries"):
        RetryPolicy(**fields)  # type: ignore[arg-type]
