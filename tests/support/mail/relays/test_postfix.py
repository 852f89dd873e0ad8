"""The whole sender, with a real Postfix as its relay, which hands all on to a mailbox."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.mailbox.mailbox import Mailbox
from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from sender.delivery.backoff import BackoffPolicy
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery.pacing import PacingPolicy
from sender.delivery.relay_circuit import CircuitPolicy
from sender.delivery.retry import RetryPolicy
from sender.delivery.transports import Transports
from sender.messages.message import message_id
from sender.records import Selection
from sender.states import State, Transition
from tests.support.mail.messages import IDENTITY, a_job, compose, external, read, shipped_composer
from tests.support.mail.relays.postfix import HOST, Postfix, why_not
from tests.support.required import missing
from tocsin.clock import SystemClock

HELLO = "client.example"
SOON = timedelta(milliseconds=200)
HASTY = DeliverySettings(
    look_again=timedelta(milliseconds=20),
    retry=RetryPolicy(first_delay=SOON, longest_delay=SOON, unknown_delay=SOON, relay_delay=SOON),
    pacing=PacingPolicy(
        circuit=CircuitPolicy(first_pause=SOON, longest_pause=SOON),
        backoff=BackoffPolicy(first_pause=SOON, longest_pause=SOON),
    ),
)


@pytest.fixture(autouse=True)
def postfix_is_there() -> None:
    reason = why_not()
    if reason is not None:
        missing(reason)


@contextmanager
def running(mailbox: Mailbox, access: Mapping[str, str] | None = None) -> Iterator[Postfix]:
    with Postfix(mailbox.port, access) as postfix:
        yield postfix


def jobs_of(tickets: int, saves: int, title: str = "") -> list[Job]:
    """For each ticket, one message for each of its saves, to one person."""
    now = datetime.now(UTC)
    return [
        a_job(
            external(id=f"T-{ticket}", title=f"{title} {save}", description=f".\r\n{'é' * 400}\n. {save}"),
            id=f"{ticket:016d}{save:016d}",
            address=f"person-{ticket}@acme.example",
            created=now,
            expires=now + timedelta(hours=72),
        )
        for save in range(saves)
        for ticket in range(tickets)
    ]


async def poll(done: Callable[[], bool]) -> None:
    """Wait until it is so: other processes tell nobody."""
    while not done():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


class Sender:
    """The sender as it runs, on a ledger in a file."""

    def __init__(self, ledger: SqliteLedger, port: int, hello: str = HELLO, settings: DeliverySettings = HASTY) -> None:
        self.ledger = ledger
        self.transport = SmtpTransport(Relay(host=HOST, port=port, tls=Tls.NONE, hello=hello, timeout=20))
        self.composer = shipped_composer()
        self.delivery = Delivery(
            ledger, self.composer, Transports(self.transport), SystemClock(), random.Random(1).random, settings
        )
        self.stopping = asyncio.Event()

    async def __aenter__(self) -> Sender:
        self.running = asyncio.create_task(self.delivery.run(self.stopping))
        return self

    async def __aexit__(self, *error: object) -> None:
        self.stopping.set()
        await self.running
        await self.transport.close()
        self.composer.close()

    def accept(self, jobs: Sequence[Job]) -> None:
        self.ledger.accept(jobs, datetime.now(UTC))

    async def until(self, number: int, *states: State) -> None:
        """Wait until so many jobs stand so."""
        await poll(lambda: sum(self.ledger.counts()[state] for state in states) >= number)

    def happened(self, transition: Transition) -> set[str]:
        """The jobs to which this has happened."""
        jobs = [line.entry.job.id for line in self.ledger.list(Selection(), 1_000)]
        return {job for job in jobs if any(change.transition is transition for change in self.ledger.history(job))}


def arrived(mailbox: Mailbox) -> dict[str, list[bytes]]:
    """What came out at the other end, by Message-ID."""
    found = defaultdict(list)
    for one in mailbox.received:
        content = one.path.read_bytes()
        found[str(read(content)["Message-ID"]).strip()].append(content)
    return found


def without_trace(content: bytes) -> bytes:
    """The message as it was handed over: the relay writes its trace above it (RFC 5321, section 4.4)."""
    start = content.index(b"From: ")
    assert content.startswith(b"Received: from client.example ")
    assert content[:start].count(b"\r\nReceived:") == 0
    return content[start:]


def check_order(jobs: Sequence[Job], accepted: Sequence[str]) -> None:
    """The relay took the messages of each ticket in their order."""
    for ticket in {job.ticket for job in jobs}:
        lane = [message_id(job, IDENTITY) for job in jobs if job.ticket == ticket]
        assert [one for one in accepted if one in lane] == lane


@pytest.mark.timeout(120)
async def test_fifty_mails_go_through_each_as_it_was_written_and_each_ticket_in_its_order(tmp_path: Path) -> None:
    jobs = jobs_of(tickets=10, saves=5, title="É請求書")
    async with Mailbox(tmp_path / "mail") as mailbox:
        with running(mailbox) as postfix, closing(SqliteLedger(tmp_path / "ledger.db")) as ledger:
            async with Sender(ledger, postfix.port) as sender:
                sender.accept(jobs)
                await sender.until(50, State.DELIVERED)
                await mailbox.wait_for(50)
            found = arrived(mailbox)
            check_order(jobs, postfix.accepted())
    assert len(found) == 50
    for job in jobs:
        (content,) = found[message_id(job, IDENTITY)]
        assert without_trace(content) == compose(job).mail.content
    with pytest.raises(AssertionError):
        check_order(jobs, [message_id(job, IDENTITY) for job in reversed(jobs)])


@pytest.mark.timeout(120)
async def test_whom_postfix_refuses_fails_whom_it_puts_off_waits_and_the_others_get_theirs(tmp_path: Path) -> None:
    access = {
        "person-3@acme.example": "550 5.1.1 No such user here",
        "person-4@acme.example": "554 5.7.1 Not wanted",
        "person-5@acme.example": "450 4.2.0 Greylisted",
    }
    async with Mailbox(tmp_path / "mail") as mailbox:
        with running(mailbox, access) as postfix, closing(SqliteLedger(tmp_path / "ledger.db")) as ledger:
            async with Sender(ledger, postfix.port) as sender:
                sender.accept(jobs_of(tickets=10, saves=1))
                await sender.until(7, State.DELIVERED)
                await sender.until(2, State.FAILED)
                await poll(lambda: len(ledger.history(f"{5:016d}{0:016d}")) >= 7)
                await mailbox.wait_for(7)
            dead, unwanted, later = (ledger.history(f"{number:016d}{0:016d}") for number in (3, 4, 5))
            suppressed = [one.id for one in ledger.suppressions(10)]
    assert (dead[-1].transition, dead[-1].code, dead[-1].attempt) == (Transition.REFUSED, 550, 1)
    assert "No such user here" in (dead[-1].text or "")
    assert (unwanted[-1].transition, unwanted[-1].code, unwanted[-1].attempt) == (Transition.REFUSED, 554, 1)
    assert {change.code for change in later if change.transition is Transition.DEFERRED} == {450}
    assert suppressed == ["email/person-3@acme.example"]


@pytest.mark.timeout(120)
async def test_a_relay_that_is_stopped_and_started_under_load_loses_nothing(tmp_path: Path) -> None:
    jobs = jobs_of(tickets=40, saves=3)
    async with Mailbox(tmp_path / "mail") as mailbox:
        with running(mailbox) as postfix, closing(SqliteLedger(tmp_path / "ledger.db")) as ledger:
            async with Sender(ledger, postfix.port) as sender:
                sender.accept(jobs[:80])
                await sender.until(20, State.DELIVERED)
                await asyncio.to_thread(postfix.stop)
                sender.accept(jobs[80:])
                await poll(lambda: bool(sender.happened(Transition.DEFERRED)))
                assert ledger.counts()[State.QUEUED] > 0
                await asyncio.to_thread(postfix.start)
                await sender.until(len(jobs), State.DELIVERED)
                await mailbox.wait_for(len(jobs))
            in_doubt, taken = sender.happened(Transition.UNDECIDED), Counter(postfix.accepted())
            check_order(jobs, [*taken])
    # What Postfix has taken it hands on once more where its own stop came in between: that is not ours.
    assert set(arrived(mailbox)) == set(taken) == {message_id(job, IDENTITY) for job in jobs}
    assert {job.id for job in jobs if taken[message_id(job, IDENTITY)] > 1} <= in_doubt
