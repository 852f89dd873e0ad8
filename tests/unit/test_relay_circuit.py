"""The circuit to the relay: when it opens, for how long, and who tries next."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.delivery.relay_circuit import CircuitPolicy, RelayCircuit
from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.support.sender.fakes import START

GONE = Reply(ReplyKind.DEFERRED, None, "connect: refused", Stage.CONNECT)
REFUSED_US = Reply(ReplyKind.DEFERRED, 554, "no service", Stage.AUTH)
TOLD_LATE = Reply(ReplyKind.DEFERRED, 554, "Client host rejected", Stage.RCPT, "5.7.1", About.RELAY)
TAKEN = Reply(ReplyKind.ACCEPTED, 250, "queued", Stage.DOT)
NO_ADDRESS = Reply(ReplyKind.REFUSED, None, "is not one e-mail address")
HUNG = Reply(ReplyKind.UNKNOWN, None, "final dot: TimeoutError", Stage.DOT)
SECOND = timedelta(seconds=1)


def circuit() -> RelayCircuit:
    return RelayCircuit(CircuitPolicy(jitter=0.0), lambda: 0.0)


def opened() -> RelayCircuit:
    made = circuit()
    made.heard("a", "a@x.example", "x.example", GONE, START)
    return made


def test_while_it_is_closed_all_may_go() -> None:
    assert circuit().room(START, 8) == 8


@pytest.mark.parametrize("reply", [GONE, REFUSED_US, TOLD_LATE])
def test_a_session_that_can_not_be_had_opens_it(reply: Reply) -> None:
    made = circuit()
    made.heard("a", "a@x.example", "x.example", reply, START)
    assert (made.room(START, 8), made.is_open) == (0, True)
    assert made.resumes() == START + SECOND


@pytest.mark.parametrize(
    "reply",
    [
        TAKEN,
        Reply(ReplyKind.DEFERRED, 451, "later", Stage.MAIL),
        Reply(ReplyKind.DEFERRED, None, "lost", Stage.DATA),
        Reply(ReplyKind.REFUSED, 550, "no such user", Stage.RCPT),
        Reply(ReplyKind.UNKNOWN, 354, "sense of its own", Stage.DOT),
    ],
)
def test_whatever_else_a_relay_says_closes_it(reply: Reply) -> None:
    made = opened()
    made.heard("b", "a@x.example", "x.example", reply, START)
    assert made.room(START, 8) == 8


def test_an_answer_that_no_relay_gave_changes_nothing() -> None:
    made, other = circuit(), opened()
    for one in (made, other):
        one.heard("b", "a@x.example", "x.example", NO_ADDRESS, START)
    assert (made.room(START, 8), other.room(START, 8)) == (8, 0)


def test_after_the_pause_one_probe_goes_alone() -> None:
    made, later = opened(), START + SECOND
    assert made.room(later, 8) == 1
    made.claimed(["b"])
    assert (made.room(later, 8), made.resumes()) == (0, None)
    made.heard("b", "a@x.example", "x.example", TAKEN, later)
    made.ended("b")
    assert made.room(later, 8) == 8


def test_pauses_grow_up_to_ten_seconds_and_start_anew_after_a_success() -> None:
    made, now, pauses = circuit(), START, []
    for number in range(9):
        made.claimed([f"p{number}"])
        made.heard(f"p{number}", "a@x.example", "x.example", GONE, now)
        resumes = made.resumes()
        assert resumes is not None
        pauses.append((resumes - now).total_seconds())
        now = resumes
    assert pauses == [1, 2, 4, 8, 10, 10, 10, 10, 10]
    made.heard("b", "a@x.example", "x.example", TAKEN, now)
    made.heard("c", "a@x.example", "x.example", GONE, now)
    assert made.resumes() == now + SECOND


def test_those_that_were_under_way_when_it_opened_do_not_lengthen_the_pause() -> None:
    made = opened()
    for number in range(7):
        made.heard(f"p{number}", "a@x.example", "x.example", GONE, START)
    assert made.resumes() == START + SECOND
    made.claimed(["probe"])
    made.heard("late", "a@x.example", "x.example", GONE, START + SECOND)
    assert made.room(START + 9 * SECOND, 8) == 0, "the probe has not answered yet"


def test_a_probe_that_asked_no_relay_is_followed_by_another_at_once() -> None:
    made, later = opened(), START + SECOND
    made.claimed(["expired"])
    made.ended("expired")
    assert made.room(later, 8) == 1
    made.claimed([])
    assert made.room(later, 8) == 1


def test_jitter_shortens_a_pause_and_never_lengthens_it() -> None:
    policy = CircuitPolicy(jitter=0.25)
    assert policy.pause(1, lambda: 0.0) == SECOND
    assert policy.pause(1, lambda: 0.999) > SECOND * 0.75
    assert policy.pause(10_000, lambda: 0.0) == timedelta(seconds=10)


def test_a_relay_that_hangs_at_the_dot_is_out_of_reach_before_anybody_gives_up() -> None:
    made = circuit()
    made.asked("a", START)
    assert not made.is_out_of_reach(START + 29 * SECOND)
    assert made.is_out_of_reach(START + 30 * SECOND)
    assert made.room(START + 30 * SECOND, 8) == 0, "what is handed over now will hang as well"
    made.heard("a", "a@x.example", "x.example", TAKEN, START + 40 * SECOND)
    assert not made.is_out_of_reach(START + 40 * SECOND)


def test_a_slow_answer_beside_others_that_come_is_no_silence() -> None:
    made = circuit()
    made.asked("slow", START)
    for number in range(1, 9):
        made.asked(f"p{number}", START + 10 * number * SECOND)
        made.heard(f"p{number}", "a@x.example", "x.example", TAKEN, START + 10 * number * SECOND)
        assert not made.is_out_of_reach(START + (10 * number + 9) * SECOND)


def test_silence_to_several_mailboxes_opens_it_and_it_stays_out_of_reach_until_an_answer_comes() -> None:
    made, now = circuit(), START
    for mailbox in ("a@x.example", "b@y.example", "c@z.example"):
        assert not made.is_open
        made.heard(mailbox, mailbox, "x.example", HUNG, now)
    for number in range(10):
        assert made.is_out_of_reach(now)
        resumes = made.resumes()
        assert resumes is not None
        now = resumes
        made.claimed([f"p{number}"])
        made.asked(f"p{number}", now)
        now += timedelta(minutes=2)
        assert made.is_out_of_reach(now)
        made.heard(f"p{number}", "d@x.example", "x.example", HUNG, now)
        made.ended(f"p{number}")
    made.heard("last", "a@x.example", "x.example", TAKEN, now)
    assert not made.is_out_of_reach(now)


def test_silence_to_one_mailbox_alone_says_nothing_of_the_relay() -> None:
    made = circuit()
    for number in range(20):
        made.heard(f"p{number}", "a@x.example", "x.example", HUNG, START)
    assert not made.is_open


@given(st.lists(st.tuples(st.sampled_from([GONE, TAKEN, NO_ADDRESS, HUNG]), st.integers(0, 90)), max_size=40))
def test_it_never_stays_open_longer_than_ten_seconds_nor_lets_two_probe(steps: list[tuple[Reply, int]]) -> None:
    made, now, number = circuit(), START, 0
    for reply, seconds in steps:
        now = now + timedelta(seconds=seconds)
        room = made.room(now, 8)
        assert room == (8 if not made.is_open else room)
        assert room in {0, 1, 8}
        assert made.room(now + timedelta(seconds=10), 8) > 0, "nothing is under way, and yet nothing may go"
        jobs = [f"j{number + one}" for one in range(room)]
        number += room
        made.claimed(jobs)
        assert not (made.is_open and made.room(now, 8)), "a second probe beside the first"
        for job in jobs:
            made.heard(job, "a@x.example", "x.example", reply, now)
            made.ended(job)


@pytest.mark.parametrize(
    "fields",
    [
        {"first_pause": timedelta(0)},
        {"first_pause": timedelta(minutes=2)},
        {"jitter": 1.0},
        {"growth": 0.5},
        {"silent_tries": 1},
    ],
)
def test_policies_that_would_hammer_the_relay_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"pauses|jitter|silent"):
        CircuitPolicy(**fields)  # type: ignore[arg-type]


def within_ten_seconds(made: RelayCircuit, now: datetime) -> bool:
    return made.room(now + timedelta(seconds=10), 8) > 0


def test_the_check_of_the_property_can_fail() -> None:
    """The control: a circuit whose probe is never told to have ended stays shut."""
    made = opened()
    made.claimed(["probe"])
    assert not within_ten_seconds(made, START)
