"""The relay's and the domains' troubles, seen from the ledger: what is tried, charged and written meanwhile."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import product

import pytest

from schemas.job import Job
from sender.delivery.backoff import BackoffPolicy
from sender.delivery.loop import DeliverySettings
from sender.delivery.pacing import PacingPolicy
from sender.delivery.relay_circuit import RelayCircuit
from sender.ports import OutgoingMail
from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind, Stage
from sender.states import State, Transition
from tests.support.sender.fakes import START, FakeTransport, a_job, message_id
from tests.support.sender.on_fakes import SenderOnFakes

GONE = Reply(ReplyKind.DEFERRED, None, "connect: nobody listens", Stage.CONNECT)
BUSY = Reply(ReplyKind.DEFERRED, 451, "4.7.1 later", Stage.RCPT, "4.7.1")
DEAD = Reply(ReplyKind.REFUSED, 550, "5.1.1 no such user", Stage.RCPT, "5.1.1", About.MAILBOX)
TAKEN = Reply(ReplyKind.ACCEPTED, 250, "2.0.0 queued", Stage.DOT, "2.0.0")


class Relay:
    """Answers by the clock: `trouble` until `back`, to those whom it concerns."""

    def __init__(self, trouble: Reply, back: datetime, domain: str = "") -> None:
        self.trouble, self.back, self.domain = trouble, back, domain
        self.asked: list[tuple[datetime, str]] = []
        self.delivered: list[str] = []
        self.sender = SenderOnFakes(FakeTransport(self.answer))

    def answer(self, mail: OutgoingMail) -> Reply:
        now = self.sender.clock.now()
        self.asked.append((now, mail.recipient))
        if now < self.back and mail.recipient.endswith(self.domain):
            return self.trouble
        self.delivered.append(message_id(mail))
        return TAKEN


def jobs_of(tickets: int, people: int, saves: int = 1, domain: str = "acme.example") -> list[Job]:
    cases = product(range(saves), range(tickets), range(people))
    return [a_job(f"e-{ticket}-{save}", f"T-{ticket}", f"p{person}@{domain}") for save, ticket, person in cases]


def changes(sender: SenderOnFakes, job: Job) -> int:
    return len(sender.ledger.history(job.id))


def attempts(sender: SenderOnFakes, job: Job) -> int:
    entry = sender.ledger.find(job.id)
    assert entry is not None
    return entry.standing.attempt


async def test_while_the_relay_is_gone_jobs_are_neither_charged_nor_written_but_for_the_probes() -> None:
    relay, jobs = Relay(GONE, START + timedelta(hours=2)), jobs_of(1, 60)
    sender = relay.sender
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    first = len(relay.asked)
    assert first == DeliverySettings().concurrency, "those that were under way"
    while sender.clock.now() < relay.back:
        sender.clock.move_to(sender.delivery.resumes())
        await sender.delivery.drain()
    outage = [when for when, _ in relay.asked if when < relay.back]
    assert len(outage) < first + 2 * 60 * 60 / 7.5 + 7, "about one in ten seconds"
    assert sum(changes(sender, job) - 1 for job in jobs if sender.state(job) is State.QUEUED) <= 2 * len(outage)
    await sender.until_finished()
    assert sender.ledger.counts()[State.DELIVERED] == 60
    assert sender.clock.now() < relay.back + timedelta(minutes=20)


async def test_without_the_circuit_every_job_would_be_charged() -> None:
    """The control: the same outage told as that of each message."""
    relay, jobs = Relay(Reply(ReplyKind.DEFERRED, None, "gone"), START + timedelta(hours=2)), jobs_of(60, 1)
    relay.sender = SenderOnFakes(
        FakeTransport(relay.answer),
        settings=DeliverySettings(pacing=PacingPolicy(backoff=BackoffPolicy(tolerated=10_000))),
    )
    relay.sender.ledger.accept(jobs, START)
    await relay.sender.delivery.drain()
    assert len(relay.asked) == 60


async def test_a_domain_that_is_put_off_waits_and_others_do_not() -> None:
    relay = Relay(BUSY, START + timedelta(minutes=10), "@slow.example")
    slow, others = jobs_of(1, 50, domain="slow.example"), jobs_of(50, 1)
    sender = relay.sender
    sender.ledger.accept([*slow, *others], START)
    await sender.delivery.drain()
    assert sender.ledger.counts()[State.DELIVERED] == 50
    assert sum(one.endswith("@slow.example") for _, one in relay.asked) <= 4 + DeliverySettings().concurrency
    await sender.until_finished()
    assert sender.ledger.counts()[State.DELIVERED] == 100
    assert all(attempts(sender, job) <= 6 for job in slow)


async def test_a_relay_that_says_later_for_ten_minutes() -> None:
    relay, jobs = Relay(BUSY, START + timedelta(minutes=10)), jobs_of(10, 2, saves=3)
    sender = relay.sender
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    assert Counter(relay.delivered) == Counter(job.id for job in jobs)
    lanes = defaultdict(list)
    for job in jobs:
        lanes[job.ticket, job.address].append(job.id)
    for lane in lanes.values():
        assert [job for job in relay.delivered if job in lane] == lane
    assert sender.clock.now() < relay.back + timedelta(minutes=15)


async def test_a_dead_address_is_suppressed_and_the_others_get_theirs() -> None:
    sender = SenderOnFakes(FakeTransport(lambda mail: DEAD if mail.recipient == "p17@acme.example" else TAKEN))
    jobs = [a_job(address=f"p{number}@acme.example") for number in range(50)]
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    assert [job.id for job in jobs if sender.state(job) is not State.DELIVERED] == [jobs[17].id]
    assert (sender.state(jobs[17]), attempts(sender, jobs[17])) == (State.FAILED, 1)
    refused = sender.ledger.history(jobs[17].id)[-1]
    assert (refused.transition, refused.code, refused.text) == (Transition.REFUSED, 550, "5.1.1 no such user")
    assert [one.id for one in sender.ledger.suppressions(10)] == ["email/p17@acme.example"]


@pytest.mark.parametrize("rate", [2.0, 0.5])
async def test_no_more_are_tried_than_the_rate_allows(rate: float) -> None:
    relay = Relay(TAKEN, START)
    settings = DeliverySettings(pacing=PacingPolicy(rate=rate))
    relay.sender = SenderOnFakes(FakeTransport(relay.answer), settings=settings)
    relay.sender.ledger.accept(jobs_of(20, 1), START)
    await relay.sender.until_finished()
    times = [when for when, _ in relay.asked]
    assert len(times) == 20
    for index, when in enumerate(times):
        assert index < max(1.0, rate) + rate * (when - START).total_seconds() + 1e-3
    assert times[-1] - START <= timedelta(seconds=21 / rate)


def test_a_rate_at_which_nothing_would_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        PacingPolicy(rate=0.0)


US = Reply(ReplyKind.DEFERRED, 554, "5.7.1 Client host rejected", Stage.RCPT, "5.7.1", About.RELAY)
"""What looks as if the relay had something against the sender of all messages."""


async def one_domain_s_words(relay: Relay, saves: int = 1) -> timedelta:
    """How long others wait beside forty people of a domain whose server says so to each of them."""
    theirs = jobs_of(1, 40, saves, domain="hostile.example")
    ours = [job for n in range(8) for job in jobs_of(3, 1, saves, domain=f"d{n}.example")]
    relay.sender.ledger.accept([*theirs, *ours], START)
    await relay.sender.until_finished()
    assert all(relay.sender.state(job) is State.DELIVERED for job in ours)
    assert not relay.sender.ledger.suppressions(10)
    return max(relay.sender.ledger.history(job.id)[-1].at for job in ours) - START


async def test_a_domain_whose_words_the_relay_hands_on_does_not_hold_up_the_others() -> None:
    relay = Relay(US, START + timedelta(minutes=2), "@hostile.example")
    assert await one_domain_s_words(relay, saves=2) < timedelta(seconds=5)


async def test_control_probes_that_go_to_anybody_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RelayCircuit, "avoids", lambda _: frozenset())
    relay = Relay(US, START + timedelta(minutes=2), "@hostile.example")
    with pytest.raises(AssertionError):
        assert await one_domain_s_words(relay) < timedelta(seconds=5)


async def test_what_is_said_to_all_domains_is_nobody_s_own_affair() -> None:
    relay = Relay(US, START + timedelta(minutes=3))
    jobs = [job for n in range(15) for job in jobs_of(2, 2, domain=f"d{n}.example")]
    relay.sender.ledger.accept(jobs, START)
    await relay.sender.until_finished()
    assert len(relay.delivered) == len(jobs)
    assert max(relay.sender.ledger.history(job.id)[-1].at for job in jobs) < relay.back + timedelta(seconds=25)
    assert len(relay.asked) < len(jobs) + DeliverySettings().concurrency + 180 / 7
