"""Refusals, deferrals and silences from the ledger to the end, over SMTP and by a clock that is moved by hand."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from adapters.smtp.transport import SmtpTransport
from schemas.job import Job
from sender.delivery.loop import Delivery
from sender.delivery.transports import Transports
from sender.ledger.port import Ledger
from sender.states import State, Transition
from tests.support.mail.smtp_peers import HANG, TAKE_AND_DISCONNECT, At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import relay_at
from tests.support.sender.fakes import START, FakeClock, FakeComposer, a_job
from tests.support.sender.on_fakes import until_finished


async def deliver(ledger: Ledger, jobs: list[Job], peer: FaultyPeer, clock: FakeClock, final_timeout: float) -> None:
    ledger.accept(jobs, START)
    transport = SmtpTransport(relay_at(peer.port, final_timeout=final_timeout))
    delivery = Delivery(ledger, FakeComposer(), Transports(transport), clock, random.Random(1).random)
    await until_finished(ledger, delivery, clock)
    await transport.close()


def ids(peer: FaultyPeer) -> list[str]:
    """The job ids of the copies that the peer has, in the order of their arrival."""
    return [taken.content.decode().split("<")[1].split("@")[0] for taken in peer.taken]


async def test_one_of_fifty_recipients_is_refused(either_ledger: Ledger) -> None:
    jobs = [a_job(address=f"p{number}@acme.example") for number in range(50)]
    refusal = Fault(At.RCPT, "550 5.1.1 No such user", recipient="p17@acme.example")
    async with FaultyPeer([refusal]) as peer:
        await deliver(either_ledger, jobs, peer, FakeClock(), final_timeout=5)
    counts = either_ledger.counts()
    assert (counts[State.DELIVERED], counts[State.FAILED]) == (49, 1)
    assert Counter(ids(peer)) == Counter(job.id for job in jobs if job is not jobs[17])
    last = either_ledger.history(jobs[17].id)[-1]
    assert (last.transition, last.code, last.text) == (Transition.REFUSED, 550, "5.1.1 No such user")
    assert sum("p17@" in command for command in peer.commands) == 1
    assert [one.id for one in either_ledger.suppressions(10)] == ["email/p17@acme.example"]


@dataclass
class BusyFor(FaultyPeer):
    """Says 451 to each recipient for a while of the clock's time."""

    clock: FakeClock = field(default_factory=FakeClock)
    busy: timedelta = timedelta(minutes=10)

    def fault_at(self, stage: At, recipient: str | None) -> str | None:
        busy = stage is At.RCPT and self.clock.now() < START + self.busy
        return "451 4.7.1 Try again later" if busy else super().fault_at(stage, recipient)


async def test_a_relay_that_says_later_for_ten_minutes(either_ledger: Ledger) -> None:
    jobs = [
        a_job(f"e-{ticket}-{save}", f"T-{ticket}", f"p{person}@acme.example")
        for save in range(3)
        for ticket in range(10)
        for person in range(2)
    ]
    clock = FakeClock()
    async with BusyFor(clock=clock) as peer:
        await deliver(either_ledger, jobs, peer, clock, final_timeout=5)
    assert Counter(ids(peer)) == Counter(job.id for job in jobs)
    lanes = defaultdict(list)
    for job in jobs:
        lanes[job.ticket, job.address].append(job.id)
    for lane in lanes.values():
        assert [job for job in ids(peer) if job in lane] == lane
    assert START + peer.busy <= clock.now() < START + timedelta(minutes=30)


@pytest.mark.parametrize("action", [HANG, TAKE_AND_DISCONNECT])
async def test_no_answer_after_the_final_dot(either_ledger: Ledger, action: str) -> None:
    job, clock = a_job(), FakeClock()
    async with FaultyPeer([Fault(At.DOT, action, times=1)], takes_in_doubt=True) as peer:
        await deliver(either_ledger, [job], peer, clock, final_timeout=0.3)
    history = either_ledger.history(job.id)
    assert [change.transition.value for change in history] == [
        "accepted",
        "claimed",
        "undecided",
        "claimed",
        "delivered",
    ]
    assert history[2].state is State.UNKNOWN
    assert history[3].at >= START + timedelta(minutes=30), "not sent again at once"
    assert ids(peer) == [job.id, job.id], "the same Message-ID"
