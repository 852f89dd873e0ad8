"""What keeps a due job back is told by the sender, and said to whoever asks for the job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.vocabulary import Channel
from sender.delivery.pacing import Pacing, PacingPolicy
from sender.ledger.waits import MOST_WAITS, RELAY, TELL_EVERY, Wait, waits_of
from sender.records import LedgerEntry
from sender.replies.reply import Reply, ReplyKind, Stage
from sender.states import State, Transition, begin
from tests.support.sender.fakes import START, FakeTransport, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import SenderOnFakes
from tocsin.operations.jobs import lines
from tocsin.operations.jobs.objects import _outlook
from tocsin.operations.jobs.outlook import time

GONE = Reply(ReplyKind.DEFERRED, None, "connection refused", Stage.CONNECT)
FULL = Reply(ReplyKind.DEFERRED, 452, "4.2.2 full", Stage.RCPT, "4.2.2")
PUT_OFF = Reply(ReplyKind.DEFERRED, 451, "4.7.1 later", Stage.RCPT)
SECOND = timedelta(seconds=1)


def said_of(sender: SenderOnFakes, job: str, waits: list[Wait]) -> str:
    entry = sender.ledger.find(job)
    assert entry is not None
    return "\n".join(lines.standing(entry, sender.ledger.history(job), [], waits, sender.clock.now()))


async def test_a_relay_that_is_out_of_reach_is_told_of_and_forgotten_once_it_answers() -> None:
    answers = [GONE]
    sender = SenderOnFakes(FakeTransport(lambda _mail: answers[-1]))
    jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(40)]
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    [wait] = sender.ledger.waits(sender.clock.now())
    assert wait.name == RELAY
    waiting = next(job for job in jobs if sender.state(job) is State.QUEUED)
    said = said_of(sender, waiting.id, [wait])
    assert "held back: the mail relay is out of reach, until" in said
    answers.append(Reply(ReplyKind.ACCEPTED, 250, "queued", Stage.DOT))
    sender.clock.advance(timedelta(seconds=60))
    await sender.delivery.drain()
    assert list(sender.ledger.waits(sender.clock.now())) == []


async def test_a_domain_that_is_put_off_is_told_of_by_its_name() -> None:
    sender = SenderOnFakes(FakeTransport(lambda _mail: PUT_OFF))
    jobs = [a_job("e-1", address=f"p{number}@acme.example") for number in range(8)]
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    waits = list(sender.ledger.waits(sender.clock.now()))
    assert "acme.example" in [one.name for one in waits]
    assert "held back: mail to acme.example is put off" in said_of(sender, jobs[-1].id, waits)


async def test_a_mailbox_that_is_put_off_is_told_of_without_its_address() -> None:
    sender = SenderOnFakes(FakeTransport(lambda _mail: PUT_OFF))
    jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(8)]
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    [wait] = sender.ledger.waits(sender.clock.now())
    assert "held back: its mailbox is put off, until" in said_of(sender, jobs[-1].id, [wait])
    assert "@" not in wait.name
    entry = sender.ledger.find(jobs[-1].id)
    assert entry is not None
    [held_back] = _outlook(entry, [wait], START)["held_back"]
    assert held_back["by"] == "mailbox"


def test_the_relay_holds_back_mails_and_faxes_and_no_texts() -> None:
    wait = Wait(START, RELAY)
    kept = [channel for channel in Channel if waits_of(a_job(channel=channel), [wait])]
    assert kept == [Channel.EMAIL, Channel.FAX]


def test_many_mailboxes_do_not_crowd_out_a_domain() -> None:
    pacing = Pacing(PacingPolicy(), lambda: 0.0)
    for domain, jobs in (("acme.example", 300), ("rival.example", 5)):
        full = FULL if domain == "acme.example" else PUT_OFF
        for number in range(jobs):
            job = a_job("e-1", address=f"p{number}@{domain}")
            pacing.heard(LedgerEntry(job, False, begin(Transition.ACCEPTED, START)), full, START)
    names = [one.name for one in pacing.waits(START)]
    assert (len(names), names.count("rival.example")) == (MOST_WAITS + 1, 1)


def test_a_next_try_is_never_in_the_past() -> None:
    sender = SenderOnFakes(FakeTransport(lambda _mail: GONE))
    job, other = a_job("e-1", "T-1"), a_job("e-2", "T-2", address="li@desk.example")
    sender.ledger.accept([job, other], START)
    sender.clock.advance(timedelta(hours=1))
    assert "due since 2026-03-02T09:00:00Z: goes once a sender has room" in said_of(sender, job.id, [])
    until = sender.clock.now() + 40 * SECOND
    said = said_of(sender, job.id, [Wait(until, "acme.example")])
    assert f"next try: {time(until)} or later" in said
    assert f"held back: mail to acme.example is put off, until {time(until)}" in said
    assert "held back" not in said_of(sender, other.id, [Wait(until, "acme.example")])
    over = sender.clock.now() - SECOND
    assert "held back: the mail relay is out of reach, and is being tried" in said_of(
        sender, job.id, [Wait(over, RELAY)]
    )


class Counting(InMemoryLedger):
    """A ledger that counts how often it is told of waits."""

    def __init__(self) -> None:
        super().__init__()
        self.tellings = 0

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        self.tellings += 1
        super().tell_waits(waits, now)


async def test_it_is_told_anew_while_it_lasts_and_not_with_each_round() -> None:
    ledger = Counting()
    sender = SenderOnFakes(FakeTransport(lambda _mail: PUT_OFF), ledger=ledger)
    await sender.delivery.drain()
    assert ledger.tellings == 0, "nothing waits, and nothing did"
    sender.ledger.accept([a_job(f"e-{number}", f"T-{number}") for number in range(8)], START)
    await sender.delivery.drain()
    before = ledger.tellings
    for _ in range(25):
        sender.clock.advance(TELL_EVERY / 5)
        await sender.delivery.drain()
    assert ledger.tellings - before == 5
    assert len(ledger.waits(sender.clock.now())) == 1
