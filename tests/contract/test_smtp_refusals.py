"""What a relay has against this sender, told in the midst of a message, costs no message and suppresses nobody."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

import adapters.smtp.replies as reading
from adapters.prometheus.sender_metrics import SenderMetrics
from adapters.smtp.transport import SmtpTransport
from schemas.job import Job
from sender.bounces.hard_bounces import suppression_of
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery.transports import Transports
from sender.ledger.port import Ledger
from sender.records import LedgerEntry
from sender.replies.refusals import About
from sender.replies.reply import ReplyKind, Stage
from sender.states import State, Transition, begin
from tests.support.mail.relay_replies import AGAINST_US, EXPECTED
from tests.support.mail.smtp_peers import At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import mail, relay_at, send
from tests.support.sender.fakes import START, FakeClock, FakeComposer, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import until_finished

LOGIN = "530 5.7.0 Authentication required"
GREETING = "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"
HOST = "554 5.7.1 <unknown[192.0.2.7]>: Client host rejected: Access denied"
NO_NAME = "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]"
CLOSES = "421 4.7.0 relay.example Error: too many connections from 192.0.2.7"
OUR_ADDRESS = "553 5.1.8 <support@desk.example>: Sender address rejected: Domain not found"

TOLD_LATE = [
    *[(At.RCPT, words) for words in (LOGIN, GREETING, HOST, NO_NAME, CLOSES, OUR_ADDRESS)],
    *[(At.MAIL, words) for words in (LOGIN, HOST, CLOSES, OUR_ADDRESS)],
    *[(At.DATA, words) for words in (HOST, CLOSES)],
    (At.DOT, CLOSES),
]


async def deliver(
    ledger: Ledger, jobs: Sequence[Job], peer: FaultyPeer, clock: FakeClock, settings: DeliverySettings | None = None
) -> None:
    ledger.accept(jobs, START)
    transport = SmtpTransport(relay_at(peer.port))
    delivery = Delivery(ledger, FakeComposer(), Transports(transport), clock, random.Random(1).random, settings)
    await until_finished(ledger, delivery, clock)
    await transport.close()


def tries(ledger: Ledger, job: Job) -> list[str]:
    return [change.transition.value for change in ledger.history(job.id)]


async def check(stage: At, words: str) -> None:
    """The relay says so once: the job is tried again, the other one waits, and nobody is suppressed."""
    ledger, first, second = InMemoryLedger(), a_job("e-1"), a_job("e-2", "T-2", "li@desk.example")
    async with FaultyPeer([Fault(stage, words, times=1)]) as peer:
        await deliver(ledger, [first, second], peer, FakeClock(), DeliverySettings(concurrency=1))
    assert peer.connections == 2, "what is mended shows on a new connection"
    assert ledger.history(second.id)[1].at > START, "nothing is tried while the circuit is open"
    assert tries(ledger, second) == ["accepted", "claimed", "delivered"]
    assert tries(ledger, first) == ["accepted", "claimed", "deferred", "claimed", "delivered"]
    deferred = ledger.history(first.id)[2]
    assert (deferred.code, deferred.at) == (int(words[:3]), START)
    assert list(ledger.suppressions(10)) == []


@pytest.mark.parametrize(("stage", "words"), TOLD_LATE)
async def test_a_refusal_of_the_sender_in_the_midst_of_a_message_costs_nothing(stage: At, words: str) -> None:
    await check(stage, words)


@pytest.mark.parametrize(("stage", "words"), [(At.RCPT, HOST), (At.MAIL, LOGIN)])
async def test_control_a_reading_that_knows_only_codes_is_found(
    stage: At, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "refusal_about", lambda *_: About.MESSAGE)
    with pytest.raises(AssertionError):
        await check(stage, words)


async def test_after_the_message_only_421_is_about_the_relay() -> None:
    async with FaultyPeer([Fault(At.DOT, "550 5.7.1 Authentication required (DMARC)")]) as peer:
        (reply,) = await send(peer, mail())
    assert (reply.kind, reply.stage, reply.is_about_the_relay) == (ReplyKind.REFUSED, Stage.DOT, False)


async def test_each_refusal_at_rcpt_is_read_and_only_dead_mailboxes_are_suppressed() -> None:
    replies = {f"p{number}@acme.example": reply for number, reply in enumerate(EXPECTED) if reply.isascii()}
    faults = [Fault(At.RCPT, wire(reply), recipient=address) for address, reply in replies.items()]
    async with FaultyPeer(faults) as peer:
        answers = await send(peer, *map(mail, replies))
    for (address, reply), answer in zip(replies.items(), answers, strict=True):
        about = EXPECTED[reply]
        assert answer.code == int(reply[:3]), reply
        assert answer.is_about_the_relay == (about is About.RELAY), reply
        assert (answer.kind is ReplyKind.REFUSED) == (reply[0] == "5" and about is not About.RELAY), reply
        suppression = suppression_of(a_job(address=address), answer, START)
        assert (suppression is not None) == (about is About.MAILBOX), reply


def wire(reply: str) -> str:
    """The reply as a server sends it, each of its lines with the code (RFC 5321, section 4.2.1)."""
    code, lines = reply[:3], reply[4:].split("\n")
    return "\r\n".join([*(f"{code}-{line}" for line in lines[:-1]), f"{code} {lines[-1]}"])


@dataclass
class Misconfigured(FaultyPeer):
    """Refuses this sender at each RCPT for a while of the clock's time."""

    clock: FakeClock = field(default_factory=FakeClock)
    until: timedelta = timedelta(minutes=20)
    told: str = HOST

    def fault_at(self, stage: At, recipient: str | None) -> str | None:
        refuses = stage is At.RCPT and self.clock.now() < START + self.until
        return self.told if refuses else super().fault_at(stage, recipient)


@pytest.mark.parametrize("told", [HOST, OUR_ADDRESS])
async def test_minutes_of_refusals_costs_no_message_and_few_questions(
    told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ledger, clock = InMemoryLedger(), FakeClock()
    jobs = [a_job(f"e-{ticket}", f"T-{ticket}", f"p{ticket}@acme.example") for ticket in range(30)]
    async with Misconfigured(clock=clock, told=told) as peer:
        await deliver(ledger, jobs, peer, clock)
    assert ledger.counts()[State.DELIVERED] == len(jobs)
    assert len(peer.taken) == len(jobs)
    assert list(ledger.suppressions(10)) == []
    assert START + peer.until <= clock.now() < START + peer.until + timedelta(seconds=30)
    # One a probe, and those that were under way when it opened.
    assert sum(command.startswith("RCPT") for command in peer.commands) < 1_200 / 7 + 16 + len(jobs)
    lines = [line for line in caplog.records if line.msg.startswith("relay_circuit")]
    assert [line.msg for line in lines] == ["relay_circuit_opened", "relay_circuit_closed"]
    assert (lines[0].code, lines[0].stage) == (int(told[:3]), Stage.RCPT)  # type: ignore[attr-defined]
    assert lines[1].seconds >= 1_200  # type: ignore[attr-defined]
    assert not any("@" in str(line.__dict__) or "192.0.2" in str(line.__dict__) for line in lines)


async def test_a_recipient_for_whom_alone_the_relay_says_so_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ledger, clock = InMemoryLedger(), FakeClock()
    jobs = [a_job(f"e-{ticket}", f"T-{ticket}", f"p{ticket}@acme.example") for ticket in range(30)]
    restricted = Fault(At.RCPT, HOST, recipient="p17@acme.example")
    async with FaultyPeer([restricted]) as peer:
        await deliver(ledger, jobs, peer, clock)
    others = [job for job in jobs if job is not jobs[17]]
    assert all(ledger.history(job.id)[-1].transition is Transition.DELIVERED for job in others)
    assert max(ledger.history(job.id)[-1].at for job in others) < START + timedelta(seconds=30)
    assert ledger.history(jobs[17].id)[-1].transition is Transition.EXPIRED, "not failed: it is deferred to its end"
    assert sum("p17@" in command for command in peer.commands) < 72 * 4 + 16, "after a growing delay"
    assert sum(line.msg == "relay_circuit_opened" for line in caplog.records) <= 2
    assert list(ledger.suppressions(10)) == []


async def test_one_recipient_s_trouble_is_forgotten_once_it_is_over() -> None:
    async with FaultyPeer([Fault(At.RCPT, HOST, times=1)]) as peer:
        before, taken = await send(peer, mail(), mail())
        peer.faults = [Fault(At.RCPT, HOST, times=1)]
        (again,) = await send(peer, mail())
    assert (before.is_about_the_relay, taken.kind, again.is_about_the_relay) == (True, ReplyKind.ACCEPTED, True)


async def test_it_is_counted_as_no_refusal_of_a_message() -> None:
    async with FaultyPeer([Fault(At.RCPT, HOST, times=1), Fault(At.RCPT, "550 5.7.1 No", times=1)]) as peer:
        replies = await send(peer, mail(), mail())
    registry, entry = CollectorRegistry(), LedgerEntry(a_job(), False, begin(Transition.ACCEPTED, START))
    metrics = SenderMetrics(registry)
    for reply in replies:
        metrics.answered(entry, reply, START)
    counted = {
        one: registry.get_sample_value("tocsin_delivery_answers_total", {"channel": "email", "class": one})
        for one in ("4xx", "5xx", "none")
    }
    assert counted == {"4xx": 0, "5xx": 1, "none": 1}


def test_each_refusal_of_this_sender_is_in_the_list() -> None:
    assert {LOGIN, HOST, GREETING, NO_NAME, CLOSES} <= {*AGAINST_US}
