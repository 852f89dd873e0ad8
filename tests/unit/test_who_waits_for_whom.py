"""Who waits for whom, by a relay that answers by the clock: a bad mailbox, greylisting, a limit, a dead transport."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Form, Job
from schemas.vocabulary import Channel, Trigger
from sender.delivery.backoff import BackoffPolicy
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery.transports import Transports
from sender.ledger.waits import MAILBOX
from sender.ports import Composed, HandingOver, OutgoingMail, OutgoingText, unasked
from sender.records import TEXTS
from sender.replies.reply import Reply, ReplyKind, Stage
from sender.states import State
from tests.support.mail.smtp_peers import DISCONNECT, At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import transport_to
from tests.support.sender.fakes import START, FakeClock, FakeComposer, FakeTransport, a_job, message_id
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import SenderOnFakes

TAKEN = Reply(ReplyKind.ACCEPTED, 250, "2.0.0 queued", Stage.DOT, "2.0.0")
LIMITED = Reply(ReplyKind.DEFERRED, 451, "4.7.1 too many messages", Stage.RCPT, "4.7.1")
CLOSING = Reply(ReplyKind.DEFERRED, 421, "4.7.0 too many messages", Stage.MAIL, "4.7.0")
DROPPED = Reply(ReplyKind.DEFERRED, None, "connection lost", Stage.DATA)
GONE = Reply(ReplyKind.DEFERRED, None, "connection refused", Stage.CONNECT)
MISDEEDS = [
    DROPPED,
    Reply(ReplyKind.DEFERRED, 451, "4.3.0 local error", Stage.DATA, "4.3.0"),
    Reply(ReplyKind.DEFERRED, 450, "mailbox unavailable", Stage.RCPT),
    LIMITED,
    Reply(ReplyKind.UNKNOWN, None, "connection lost", Stage.DOT),
]
BAD = "bad@acme.example"
MINUTE = timedelta(minutes=1)


class Relay:
    """Answers by mailbox and clock; remembers when it was asked for whom, and when it took what."""

    def __init__(self, answer: Callable[[str, datetime], Reply]) -> None:
        self.answer, self.clock = answer, FakeClock()
        self.asked: dict[str, list[datetime]] = defaultdict(list)
        self.taken: dict[str, datetime] = {}

    def __call__(self, mail: OutgoingMail) -> Reply:
        now = self.clock.now()
        self.asked[mail.recipient].append(now)
        reply = self.answer(mail.recipient, now)
        if reply is TAKEN:
            self.taken[message_id(mail)] = now
        return reply

    def sender(self, ledger: InMemoryLedger | SqliteLedger | None = None) -> SenderOnFakes:
        sender = SenderOnFakes(FakeTransport(self), ledger=ledger)
        self.clock = sender.clock
        return sender


async def deliver_until(sender: SenderOnFakes, end: datetime) -> None:
    """Deliver, and move the clock on from moment to moment until this one."""
    await sender.delivery.drain()
    while (now := sender.clock.now()) < end:
        moments = [one for one in (sender.ledger.next_due(), sender.delivery.resumes()) if one and one > now]
        sender.clock.move_to(min([*moments, end]))
        await sender.delivery.drain()


def jobs_to(address: str, number: int) -> list[Job]:
    """So many jobs to one mailbox, about tickets of their own."""
    return [a_job(f"e-{one}", f"T-{address}-{one}", address) for one in range(number)]


def check_soon(relay: Relay, jobs: list[Job], within: timedelta) -> None:
    """All of these were taken within this time."""
    late = [job.id for job in jobs if relay.taken.get(job.id, START + timedelta(days=9)) > START + within]
    assert not late


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as made:
        yield made


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, file: SqliteLedger) -> InMemoryLedger | SqliteLedger:
    return InMemoryLedger() if request.param == "memory" else file


@pytest.mark.parametrize("misdeed", MISDEEDS, ids=lambda reply: f"{reply.code} at {reply.stage}")
async def test_one_bad_mailbox_holds_up_nobody_and_costs_few_tries(
    ledger: InMemoryLedger | SqliteLedger, misdeed: Reply
) -> None:
    relay = Relay(lambda mailbox, _now: misdeed if mailbox == BAD else TAKEN)
    bad, good = jobs_to(BAD, 20), [job for one in range(3) for job in jobs_to(f"p{one}@acme.example", 1)]
    sender = relay.sender(ledger)
    sender.ledger.accept([*bad, *good], START)
    await deliver_until(sender, START + 10 * MINUTE)
    check_soon(relay, good, within=MINUTE)
    of_each, probes = BackoffPolicy().of_each, 6
    assert len(relay.asked[BAD]) <= of_each + probes
    waits = sender.delivery._pacing.waits(sender.clock.now())
    assert all(one.name.startswith(MAILBOX) for one in waits), "its domain does not wait"
    sender.ledger.accept(later := jobs_to("p9@acme.example", 3), sender.clock.now())
    await sender.delivery.drain()
    check_soon(relay, later, within=10 * MINUTE)


async def test_a_restart_holds_up_nobody_either() -> None:
    """What a sender knew of mailboxes is gone with it."""
    relay = Relay(lambda mailbox, _now: DROPPED if mailbox == BAD else TAKEN)
    sender = relay.sender()
    sender.ledger.accept(jobs_to(BAD, 20), START)
    await deliver_until(sender, START + 5 * MINUTE)
    before = len(relay.asked[BAD])
    again = SenderOnFakes(FakeTransport(relay), ledger=sender.ledger)
    again.clock.move_to(sender.clock.now())
    relay.clock = again.clock
    again.ledger.accept(good := jobs_to("p0@acme.example", 3), again.clock.now())
    await deliver_until(again, START + 6 * MINUTE)
    check_soon(relay, good, within=5 * MINUTE)
    assert len(relay.asked[BAD]) - before <= BackoffPolicy().of_each + 1


async def test_a_mailbox_that_works_again_gets_all_of_its_own() -> None:
    back = START + 10 * MINUTE
    relay = Relay(lambda mailbox, now: DROPPED if mailbox == BAD and now < back else TAKEN)
    sender = relay.sender()
    sender.ledger.accept(jobs := jobs_to(BAD, 20), START)
    await deliver_until(sender, back + 15 * MINUTE)
    check_soon(relay, jobs, within=25 * MINUTE)
    at_once = [when for when in relay.taken.values() if when <= back + 5 * MINUTE]
    assert len(at_once) >= 10, "those that cost no try wait for nothing but the mailbox"


def greylisting(reply: Reply, delay: timedelta = 5 * MINUTE) -> Relay:
    first: dict[str, datetime] = {}

    def answer(mailbox: str, now: datetime) -> Reply:
        return reply if now < first.setdefault(mailbox, now) + delay else TAKEN

    return Relay(answer)


@pytest.mark.parametrize(
    ("reply", "within"),
    [
        (Reply(ReplyKind.DEFERRED, 450, "4.2.0 <x>: Recipient address rejected", Stage.RCPT, "4.2.0"), 12),
        (Reply(ReplyKind.DEFERRED, 450, "4.7.1 try again in 300 seconds", Stage.RCPT, "4.7.1"), 12),
        (Reply(ReplyKind.DEFERRED, 451, "4.7.1 Greylisting in action", Stage.RCPT, "4.7.1"), 12),
        # It can't be told from a limit: but for those that were tried before, the domain waits.
        (Reply(ReplyKind.DEFERRED, 451, "4.7.1 try again later", Stage.RCPT, "4.7.1"), 30),
    ],
    ids=lambda one: one.text if isinstance(one, Reply) else f"{one} min",
)
async def test_greylisting_delays_each_mailbox_by_its_own_first_try(
    file: SqliteLedger, reply: Reply, within: int
) -> None:
    relay = greylisting(reply)
    sender = relay.sender(file)
    jobs = [job for one in range(30) for job in jobs_to(f"p{one}@acme.example", 2)]
    sender.ledger.accept(jobs, START)
    await deliver_until(sender, START + within * MINUTE)
    check_soon(relay, jobs, within * MINUTE)
    tries = Counter({mailbox: len(times) for mailbox, times in relay.asked.items()})
    assert max(tries.values()) <= 2 + 2 + 5


@pytest.mark.parametrize("reply", [LIMITED, CLOSING], ids=["451", "421"])
async def test_a_limit_on_a_whole_domain_lets_the_domain_wait_and_no_other(file: SqliteLedger, reply: Reply) -> None:
    back = START + 10 * MINUTE
    relay = Relay(lambda mailbox, now: reply if now < back and mailbox.endswith("@acme.example") else TAKEN)
    sender = relay.sender(file)
    limited = [job for one in range(100) for job in jobs_to(f"p{one}@acme.example", 1)]
    others = [job for one in range(20) for job in jobs_to(f"p{one}@rival.example", 1)]
    sender.ledger.accept([*limited, *others], START)
    await sender.delivery.drain()
    check_soon(relay, others, within=timedelta(0))
    assert "acme.example" in [one.name for one in sender.ledger.waits(START)]
    await deliver_until(sender, back)
    # Those that were under way when it was found out, by and by; and one new mailbox at the end of each pause.
    asked = {mailbox for mailbox, times in relay.asked.items() if mailbox.endswith("@acme.example") and times[0] < back}
    assert len(asked) <= DeliverySettings().concurrency + BackoffPolicy().tolerated + 5
    await deliver_until(sender, back + 10 * MINUTE)
    assert sum(job.id in relay.taken for job in limited) >= 90
    with pytest.raises(AssertionError):
        check_soon(relay, limited, within=MINUTE)


async def test_several_bad_mailboxes_do_not_starve_their_domain() -> None:
    """Each probe of a domain takes a mailbox that was not put off."""
    relay = Relay(lambda mailbox, _now: DROPPED if mailbox.startswith("bad") else TAKEN)
    sender = relay.sender()
    bad = [job for one in range(8) for job in jobs_to(f"bad{one}@acme.example", 5)]
    sender.ledger.accept(bad, START)
    await sender.delivery.drain()
    assert "acme.example" in [one.name for one in sender.ledger.waits(START)]
    sender.ledger.accept(good := jobs_to("p0@acme.example", 3), START)
    await deliver_until(sender, START + MINUTE)
    check_soon(relay, good, within=MINUTE)


async def test_any_number_of_bad_mailboxes_takes_so_much_memory(file: SqliteLedger) -> None:
    relay = Relay(lambda _mailbox, _now: Reply(ReplyKind.DEFERRED, 450, "later", Stage.RCPT))
    sender = relay.sender(file)
    jobs = [a_job(f"e-{one}", f"T-{one}", f"p{one}@acme.example") for one in range(1_100)]
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    assert len(relay.asked) == len(jobs)
    [mails, *_] = sender.delivery._pacing._transports.values()
    assert len(mails._mailboxes.blocked(START)) == BackoffPolicy().remembered
    assert not mails._under_way
    assert len(sender.ledger.waits(START)) == 100


async def test_over_smtp_a_mailbox_whose_data_is_dropped_holds_up_nobody(tmp_path: Path) -> None:
    bad, good = jobs_to(BAD, 20), jobs_to("p0@acme.example", 3)
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        async with FaultyPeer([Fault(At.DATA, DISCONNECT, recipient=BAD)]) as peer:
            ledger.accept([*bad, *good], START)
            transport = transport_to(peer.port)
            delivery = Delivery(ledger, FakeComposer(), Transports(transport), FakeClock(), Random(1).random)
            await delivery.drain()
            await transport.close()
        assert [ledger.counts()[state] for state in (State.DELIVERED, State.QUEUED)] == [3, 20]
        # A connection that was used before may be stale: what is dropped on it is tried once more on a new one.
        assert peer.commands.count(f"RCPT TO:<{BAD}>") <= 2 * BackoffPolicy().of_each
        assert sum(line.startswith("RCPT TO:<p0@") for line in peer.commands) == 3


class ComposesTexts(FakeComposer):
    async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        if job.channel not in TEXTS:
            return await super().compose(job, trigger, form)
        return Composed(OutgoingText(job.channel, job.address, job.id, ""))


class Service:
    """Takes texts, once it may."""

    def __init__(self, reply: Reply | None = None, *, hangs: bool = False) -> None:
        self.reply, self.answers = reply or Reply(ReplyKind.ACCEPTED, None, "took it"), asyncio.Event()
        self.sent: list[str] = []
        if not hangs:
            self.answers.set()

    async def send(self, message: OutgoingText, /, handing_over: HandingOver = unasked) -> Reply:
        await handing_over()
        self.sent.append(message.subject)
        await self.answers.wait()
        return self.reply

    async def close(self) -> None:
        pass


def jobs_on(channel: Channel, number: int) -> list[Job]:
    address = "+33 1 0000 {:04}" if channel in (Channel.SMS, Channel.FAX) else "p{}@acme.example"
    return [a_job(f"e-{one}", f"T-{channel}-{one}", address.format(one), channel=channel) for one in range(number)]


def delivery_by(ledger: InMemoryLedger, mails: FakeTransport, sms: Service, chat: Service) -> Delivery:
    transports = Transports(mails, {Channel.SMS: sms, Channel.CHAT: chat})
    return Delivery(ledger, ComposesTexts(), transports, FakeClock(), Random(1).random)


async def test_a_relay_that_is_away_holds_up_mails_and_faxes_alone() -> None:
    ledger, sms, chat = InMemoryLedger(), Service(), Service()
    mails = FakeTransport(lambda _mail: GONE)
    delivery = delivery_by(ledger, mails, sms, chat)
    ledger.accept([*jobs_on(Channel.EMAIL, 40), *jobs_on(Channel.FAX, 40)], START)
    await delivery.drain()
    asked = len(mails.mails)
    assert asked <= DeliverySettings().concurrency
    texts = [*jobs_on(Channel.SMS, 40), *jobs_on(Channel.CHAT, 40)]
    ledger.accept(texts, START)
    await delivery.drain()
    assert sorted([*sms.sent, *chat.sent]) == sorted(job.id for job in texts)
    assert len(mails.mails) == asked


async def test_a_service_that_fails_holds_up_its_own_channel_alone() -> None:
    ledger, chat = InMemoryLedger(), Service()
    sms, mails = Service(Reply(ReplyKind.DEFERRED, None, "the service answered 503")), FakeTransport()
    delivery = delivery_by(ledger, mails, sms, chat)
    jobs = {channel: jobs_on(channel, 40) for channel in (Channel.SMS, Channel.CHAT, Channel.EMAIL)}
    ledger.accept([job for some in jobs.values() for job in some], START)
    await delivery.drain()
    assert sorted(chat.sent) == sorted(job.id for job in jobs[Channel.CHAT])
    assert sorted(mails.ids()) == sorted(job.id for job in jobs[Channel.EMAIL])
    assert len(sms.sent) <= DeliverySettings().concurrency + BackoffPolicy().tolerated


async def test_a_service_that_hangs_takes_no_place_of_others() -> None:
    ledger, chat, sms, mails = InMemoryLedger(), Service(), Service(hangs=True), FakeTransport()
    delivery = delivery_by(ledger, mails, sms, chat)
    ledger.accept(jobs_on(Channel.SMS, 40), START)
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.run(stop))
    async with asyncio.timeout(20):
        while len(sms.sent) < DeliverySettings().concurrency:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        others = [*jobs_on(Channel.CHAT, 40), *jobs_on(Channel.EMAIL, 40)]
        ledger.accept(others, START)
        while len(chat.sent) + len(mails.mails) < len(others):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    assert len(sms.sent) == DeliverySettings().concurrency
    stop.set()
    sms.answers.set()
    await running
