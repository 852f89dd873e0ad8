"""Back-off by mailbox and by domain: what counts, how long each waits, and how it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.delivery.backoff import Backoff, BackoffPolicy
from sender.delivery.domain_backoff import DomainBackoff, may_be_about_the_domain, puts_off_its_mailbox
from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.support.sender.fakes import START

BUSY = Reply(ReplyKind.DEFERRED, 451, "4.7.1 later", Stage.RCPT, "4.7.1")
CLOSING = Reply(ReplyKind.DEFERRED, 421, "4.7.0 too many messages", Stage.RCPT, "4.7.0")
LOST = Reply(ReplyKind.DEFERRED, None, "connection lost", Stage.DATA)
LATE = Reply(ReplyKind.DEFERRED, 452, "4.3.1 full disk", Stage.DOT, "4.3.1")
OTHER = Reply(ReplyKind.DEFERRED, None, "the service answered 503")
NO_DOMAIN = Reply(ReplyKind.DEFERRED, 450, "4.1.2 Domain not found", Stage.RCPT, "4.1.2")
BARE = Reply(ReplyKind.DEFERRED, 450, "later", Stage.RCPT)
GREY = Reply(ReplyKind.DEFERRED, 450, "4.7.1 try again later", Stage.RCPT, "4.7.1")
GREYLISTED = Reply(ReplyKind.DEFERRED, 451, "4.7.1 Greylisting in action", Stage.RCPT, "4.7.1")
FULL = Reply(ReplyKind.DEFERRED, 452, "4.2.2 mailbox full", Stage.RCPT, "4.2.2")
TAKEN = Reply(ReplyKind.ACCEPTED, 250, "queued", Stage.DOT)
DEAD = Reply(ReplyKind.REFUSED, 550, "5.1.1 no such user", Stage.RCPT, "5.1.1")
GONE = Reply(ReplyKind.DEFERRED, None, "refused", Stage.CONNECT)
UNWANTED = Reply(ReplyKind.DEFERRED, 554, "Client host rejected", Stage.RCPT, "5.7.1", About.RELAY)
HUNG = Reply(ReplyKind.UNKNOWN, None, "no answer", Stage.DOT)
NAME = "acme.example"
MINUTE = timedelta(minutes=1)


def backoff(remembered: int = 1_000) -> Backoff:
    return Backoff(BackoffPolicy(jitter=0.0, remembered=remembered), lambda: 0.0)


@pytest.mark.parametrize("reply", [BUSY, CLOSING, LOST, LATE, OTHER, NO_DOMAIN])
def test_what_puts_off_a_mailbox_and_may_be_about_its_domain(reply: Reply) -> None:
    assert puts_off_its_mailbox(reply)
    assert may_be_about_the_domain(reply)


@pytest.mark.parametrize("reply", [BARE, GREY, GREYLISTED, FULL, HUNG])
def test_what_puts_off_its_mailbox_alone(reply: Reply) -> None:
    assert puts_off_its_mailbox(reply)
    assert not may_be_about_the_domain(reply)


@pytest.mark.parametrize("reply", [TAKEN, DEAD, GONE, UNWANTED])
def test_what_puts_nothing_off(reply: Reply) -> None:
    assert not puts_off_its_mailbox(reply)
    assert not may_be_about_the_domain(reply)


def put_off(domains: DomainBackoff, *mailboxes: str) -> None:
    for mailbox in mailboxes:
        domains.put_off("j", NAME, mailbox, START)


def domains(tolerated: int = 2, remembered: int = 1_000) -> DomainBackoff:
    return DomainBackoff(BackoffPolicy(tolerated=tolerated, jitter=0.0, remembered=remembered), lambda: 0.0)


def test_one_mailbox_is_no_evidence_of_its_domain_however_often_it_is_put_off() -> None:
    made = domains()
    put_off(made, *["a"] * 50, *["b"] * 50)
    assert made.waiting.blocked(START) == frozenset()
    put_off(made, "c")
    assert made.waiting.blocked(START) == {NAME}


def test_an_acceptance_ends_the_evidence_and_the_wait() -> None:
    made = domains()
    for _ in range(5):
        put_off(made, "a", "b")
        made.accepted(NAME)
    put_off(made, "a", "b", "c")
    assert made.waiting.blocked(START) == {NAME}
    made.accepted(NAME)
    assert made.waiting.blocked(START) == frozenset()


def test_the_evidence_of_so_many_domains_is_remembered() -> None:
    made = domains(tolerated=1, remembered=3)
    for number in range(1_000):
        made.put_off("j", f"d{number}.example", "a", START)
    made.put_off("j", "d0.example", "b", START)
    assert "d0.example" not in made.waiting, "what it was put off by has been forgotten"
    made.put_off("j", "d999.example", "b", START)
    assert "d999.example" in made.waiting


def test_after_the_pause_jobs_go_one_at_a_time_until_it_is_forgotten() -> None:
    made, later = backoff(), START + MINUTE
    made.put_off("j", NAME, START)
    assert [*made.may_be_probed(START)] == [*made.blocked(later)] == []
    assert made.may_be_probed(later) == made.blocked(START) == {NAME}
    made.claimed("probe", NAME, later)
    assert made.blocked(later) == {NAME}
    assert not made.may_be_probed(later)
    made.ended("probe", NAME)
    assert made.may_be_probed(later) == {NAME}, "that one said nothing, so another one is tried at once"
    made.forget(NAME)
    assert not made.may_be_probed(later) | made.blocked(later)


def test_pauses_grow_up_to_a_bound() -> None:
    made, now, pauses = backoff(), START, []
    for number in range(6):
        made.claimed(f"j{number}", NAME, now)
        made.put_off(f"j{number}", NAME, now)
        resumes = made.resumes(now)
        assert resumes is not None
        pauses.append((resumes - now).total_seconds())
        now = resumes
    assert pauses == [30, 60, 120, 240, 300, 300]


def test_those_that_were_under_way_when_it_began_to_wait_do_not_lengthen_the_pause() -> None:
    made = backoff()
    for number in range(8):
        made.put_off(f"j{number}", NAME, START)
    assert made.resumes(START) == START + timedelta(seconds=30)


def test_it_remembers_so_many_and_forgets_the_oldest() -> None:
    made = backoff(remembered=3)
    for number in range(1_000):
        made.put_off("j", f"d{number}", START)
    assert made.blocked(START) == {"d997", "d998", "d999"}
    made.put_off("j", "d997", START)
    made.put_off("j", "d1000", START)
    assert made.blocked(START) == {"d997", "d999", "d1000"}, "the one heard of last is kept"


STEPS = st.lists(
    st.tuples(st.sampled_from(["put off", "accepted", "neither"]), st.sampled_from("ab"), st.integers(0, 400)),
    max_size=60,
)


@given(STEPS)
def test_none_is_shut_for_longer_than_the_longest_pause_and_none_by_what_another_was_told(
    steps: list[tuple[str, str, int]],
) -> None:
    made, now = backoff(), START
    waiting: set[str] = set()
    for number, (what, name, seconds) in enumerate(steps):
        now += timedelta(seconds=seconds)
        assert made.blocked(now + timedelta(minutes=5)) == frozenset()
        assert made.blocked(now) | made.may_be_probed(now) == waiting
        if name in made.blocked(now):
            continue
        made.claimed(f"j{number}", name, now)
        if what == "put off":
            made.put_off(f"j{number}", name, now)
            waiting.add(name)
            assert name in made.blocked(now)
        elif what == "accepted":
            made.forget(name)
            waiting.discard(name)
        made.ended(f"j{number}", name)


@pytest.mark.parametrize(
    "fields",
    [
        {"tolerated": -1},
        {"remembered": 0},
        {"of_each": 0},
        {"first_pause": timedelta(0)},
        {"jitter": 1.0},
        {"growth": 0.9},
    ],
)
def test_policies_that_can_not_be_kept_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"tolerated|pauses|jitter"):
        BackoffPolicy(**fields)  # type: ignore[arg-type]
