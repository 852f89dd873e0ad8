"""Back-off by domain: what counts, how long a domain waits, and how it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.domain_backoff import BackoffPolicy, DomainBackoff
from sender.ports import Reply, ReplyKind, Stage
from sender.refusals import About
from tests.fakes import START

BUSY = Reply(ReplyKind.DEFERRED, 451, "4.7.1 later", Stage.RCPT, "4.7.1")
BARE = Reply(ReplyKind.DEFERRED, 450, "later", Stage.RCPT)
LOST = Reply(ReplyKind.DEFERRED, None, "connection lost", Stage.DATA)
LATE = Reply(ReplyKind.DEFERRED, 452, "4.3.1 full disk", Stage.DOT, "4.3.1")
OTHER = Reply(ReplyKind.DEFERRED, None, "the service answered 503")
TAKEN = Reply(ReplyKind.ACCEPTED, 250, "queued", Stage.DOT)
FULL = Reply(ReplyKind.DEFERRED, 452, "4.2.2 mailbox full", Stage.RCPT, "4.2.2")
DEAD = Reply(ReplyKind.REFUSED, 550, "5.1.1 no such user", Stage.RCPT, "5.1.1")
GONE = Reply(ReplyKind.DEFERRED, None, "refused", Stage.CONNECT)
UNWANTED = Reply(ReplyKind.DEFERRED, 554, "Client host rejected", Stage.RCPT, "5.7.1", About.RELAY)
HUNG = Reply(ReplyKind.UNKNOWN, None, "no answer", Stage.DOT)
DOMAIN = "acme.example"
MINUTE = timedelta(minutes=1)


def backoff(tolerated: int = 2, domains: int = 1_000) -> DomainBackoff:
    return DomainBackoff(BackoffPolicy(tolerated=tolerated, jitter=0.0, domains=domains), lambda: 0.0)


def hear(made: DomainBackoff, *replies: Reply, domain: str = DOMAIN) -> None:
    for reply in replies:
        made.heard("j", domain, reply, START)


@pytest.mark.parametrize("reply", [BUSY, BARE, LOST, LATE, OTHER])
def test_deferrals_in_a_row_let_their_domain_wait_and_no_other(reply: Reply) -> None:
    made = backoff()
    hear(made, reply, reply)
    assert made.blocked(START) == frozenset()
    hear(made, reply)
    assert made.blocked(START) == {DOMAIN}
    assert made.resumes(START) == START + timedelta(seconds=30)


@pytest.mark.parametrize("reply", [FULL, DEAD, GONE, UNWANTED, HUNG])
def test_what_is_about_a_mailbox_or_the_relay_says_nothing_of_the_domain(reply: Reply) -> None:
    made = backoff()
    hear(made, *[reply] * 20)
    assert made.blocked(START) == frozenset()
    hear(made, BUSY, BUSY, reply, BUSY)
    assert made.blocked(START) == {DOMAIN}, "it does not end a row either"


def test_an_acceptance_ends_a_row() -> None:
    made = backoff()
    hear(made, *[BUSY, BUSY, TAKEN] * 5)
    assert made.blocked(START) == frozenset()


def test_after_the_pause_jobs_go_one_at_a_time_until_one_is_accepted() -> None:
    made, later = backoff(tolerated=0), START + MINUTE
    hear(made, BUSY)
    assert (made.is_probing(START), made.is_probing(later)) == (False, True)
    assert made.blocked(later) == frozenset()
    made.claimed("probe", DOMAIN, later)
    assert not made.is_probing(later)
    assert made.blocked(later) == {DOMAIN}
    made.heard("probe", DOMAIN, FULL, later)
    made.ended("probe", DOMAIN)
    assert made.is_probing(later), "that one said nothing, so another one is tried at once"
    made.claimed("second", DOMAIN, later)
    made.heard("second", DOMAIN, TAKEN, later)
    made.ended("second", DOMAIN)
    assert not made.is_probing(later)
    assert made.blocked(later) == frozenset()


def test_pauses_grow_up_to_a_bound() -> None:
    made, now, pauses = backoff(tolerated=0), START, []
    for number in range(6):
        made.claimed(f"j{number}", DOMAIN, now)
        made.heard(f"j{number}", DOMAIN, BUSY, now)
        resumes = made.resumes(now)
        assert resumes is not None
        pauses.append((resumes - now).total_seconds())
        now = resumes
    assert pauses == [30, 60, 120, 240, 300, 300]


def test_those_that_were_under_way_when_it_began_to_wait_do_not_lengthen_the_pause() -> None:
    made = backoff(tolerated=0)
    hear(made, *[BUSY] * 8)
    assert made.resumes(START) == START + timedelta(seconds=30)


def test_one_accepted_while_it_waits_ends_the_wait() -> None:
    made = backoff(tolerated=0)
    hear(made, BUSY, TAKEN)
    assert made.blocked(START) == frozenset()


def test_it_remembers_so_many_domains_and_forgets_the_oldest() -> None:
    made = backoff(tolerated=0, domains=3)
    for number in range(5):
        hear(made, BUSY, domain=f"d{number}.example")
    assert made.blocked(START) == {"d2.example", "d3.example", "d4.example"}
    hear(made, BUSY, domain="d2.example")
    hear(made, BUSY, domain="d5.example")
    assert made.blocked(START) == {"d2.example", "d4.example", "d5.example"}, "the one heard of last is kept"


Step = tuple[Reply, str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from([BUSY, LOST, TAKEN, FULL, DEAD, HUNG]), st.sampled_from(["a.x", "b.x"]), st.integers(0, 400)
    ),
    max_size=60,
)


@given(STEPS)
def test_a_domain_is_never_shut_for_longer_than_the_longest_pause_and_only_by_its_own_deferrals(
    steps: list[Step],
) -> None:
    made, now = backoff(), START
    deferred: dict[str, int] = {"a.x": 0, "b.x": 0}
    for number, (reply, domain, seconds) in enumerate(steps):
        now += timedelta(seconds=seconds)
        assert made.blocked(now + timedelta(minutes=5)) == frozenset()
        assert all(deferred[name] > 2 for name in made.blocked(now))
        if domain in made.blocked(now):
            continue
        made.claimed(f"j{number}", domain, now)
        made.heard(f"j{number}", domain, reply, now)
        made.ended(f"j{number}", domain)
        deferred[domain] = 0 if reply is TAKEN else deferred[domain] + (reply in (BUSY, LOST))
        assert (domain in made.blocked(now)) <= (reply in (BUSY, LOST))


@pytest.mark.parametrize(
    "fields", [{"tolerated": -1}, {"domains": 0}, {"first_pause": timedelta(0)}, {"jitter": 1.0}, {"growth": 0.9}]
)
def test_policies_that_can_not_be_kept_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"tolerated|pauses|jitter"):
        BackoffPolicy(**fields)  # type: ignore[arg-type]
