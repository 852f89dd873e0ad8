"""Digests by the clock and quiet hours, by a sender at work: each part by itself is wanted, or not, when it is due."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from adapters.prometheus.sender_metrics import SenderMetrics
from adapters.sqlite.ledger import SqliteLedger
from schemas.directory import SuppressionRecord
from schemas.job import JOB_DECODER, Job, PersonRef, Schedule
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.acceptance import read_job
from sender.delivery.loop import DeliverySettings
from sender.ledger.claimable import ANY, Claimable
from sender.ledger.operator_actions import Act, act_on, selected
from sender.ledger.port import Ledger
from sender.ledger.restrictions import Pause
from sender.ports import OutgoingText
from sender.records import LedgerEntry, Listed, Selection
from sender.replies.reply import Reply, ReplyKind
from sender.states import Hold, Standing, State
from sender.storms.scheduled import COMPANY, scheduled_report
from sender.storms.storm import StormPolicy
from tests.support.mail.messages import IDENTITY, FixedRenderer, MessageComposer, as_mail, read
from tests.support.sender.fakes import LATER, OK, START, FakeClock, FakeTransport, a_job
from tests.support.sender.on_fakes import SenderOnFakes
from tocsin.operations.jobs import lines

HOUR = timedelta(hours=1)
DUE = START + HOUR
DAILY = Schedule(DUE, digest=True, said="daily at 10:00")
QUIET = Schedule(DUE, said="quiet outside support")


def later(number: int, schedule: Schedule | None = DAILY, **more: Any) -> Job:
    return a_job(f"e-{number}", f"T-{number}", schedule=schedule, **more)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        yield ledger


def listed(sender: SenderOnFakes, mail: int = -1) -> list[str]:
    return sender.transport.mails[mail].content.decode().split("\r\n")[3:]


async def test_a_day_is_one_message_and_what_is_urgent_comes_at_once(ledger: Ledger) -> None:
    sender = SenderOnFakes(ledger=ledger)
    jobs, urgent = [later(number) for number in range(4)], later(2, None, source="/urgent")
    ledger.accept([*jobs, urgent], START)
    await sender.delivery.drain()
    assert sender.transport.ids() == [urgent.id.replace("@", "+")]
    sender.clock.move_to(ledger.next_due())
    assert sender.clock.now() == DUE
    await sender.delivery.drain()
    assert len(sender.transport.mails) == 2
    assert listed(sender) == [job.id for job in jobs]
    assert ledger.counts()[State.DELIVERED] == 5


async def test_what_was_suppressed_or_paused_meanwhile_is_in_no_digest(ledger: Ledger) -> None:
    sender = SenderOnFakes(ledger=ledger)
    jobs = [later(number) for number in range(6)]
    jobs[1] = replace(jobs[1], trigger=Trigger.OPENED)
    jobs[2] = replace(jobs[2], customer="rival")
    ledger.accept(jobs, START)
    ledger.suppress([SuppressionRecord("o", person="contact/ct-1", triggers=["opened"], reason="opted_out")], START)
    ledger.pause(Pause("rival", None, START, ""))
    sender.clock.move_to(DUE)
    for _ in range(2):
        await sender.delivery.drain()
    assert [sender.state(job) for job in jobs[:3]] == [State.DELIVERED, State.WITHDRAWN, State.HELD]
    assert listed(sender) == [job.id for job in (jobs[0], *jobs[3:])]
    ledger.resume("rival", None, DUE)
    sender.clock.advance(COMPANY)
    await sender.delivery.drain()
    assert sender.state(jobs[2]) is State.DELIVERED
    assert len(sender.transport.mails) == 2


async def test_whoever_is_not_to_be_told_any_more_gets_no_digest(ledger: Ledger) -> None:
    sender = SenderOnFakes(ledger=ledger)
    jobs = [later(number) for number in range(3)]
    ledger.accept(jobs, START)
    ledger.suppress([SuppressionRecord("o", person="contact/ct-1", reason="opted_out")], START)
    sender.clock.move_to(DUE)
    for _ in range(4):
        await sender.delivery.drain()
    assert sender.transport.mails == []
    assert {sender.state(job) for job in jobs} == {State.WITHDRAWN}


async def test_two_contacts_of_one_mailbox_get_a_digest_each(ledger: Ledger) -> None:
    sender = SenderOnFakes(ledger=ledger)
    rival = PersonRef(PersonKind.CONTACT, "ct-of-rival")
    jobs = [later(number, person=rival if number % 2 else a_job().person) for number in range(6)]
    ledger.accept(jobs, START)
    sender.clock.move_to(DUE)
    await sender.delivery.drain()
    assert sorted(listed(sender, mail) for mail in (0, 1)) == sorted(
        [job.id for job in jobs if (job.person == rival) is theirs] for theirs in (False, True)
    )


async def test_a_restart_loses_and_doubles_nothing(tmp_path: Path) -> None:
    jobs = [later(number) for number in range(4)]
    for step in range(3):
        with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
            ledger.accept(jobs, START)
            if step == 1:
                ledger.end_schedules(DUE, StormPolicy())
            if step == 2:
                sender = SenderOnFakes(ledger=ledger)
                sender.clock.move_to(DUE)
                await sender.delivery.drain()
                assert (len(sender.transport.mails), listed(sender)) == (1, [job.id for job in jobs])


@pytest.mark.parametrize("released", [False, True])
async def test_what_a_pause_held_comes_in_one_message_when_it_ends(ledger: Ledger, released: bool) -> None:
    """Nobody waits until the next day, and whoever is let through a pause that lasts gets one message as well."""
    sender = SenderOnFakes(ledger=ledger)
    jobs = [later(number, customer="acme") for number in range(5)]
    ledger.accept(jobs, START)
    ledger.pause(Pause("acme", None, START, ""))
    sender.clock.move_to(DUE)
    await sender.delivery.drain()
    assert {sender.state(job) for job in jobs} == {State.HELD}
    sender.clock.advance(9 * HOUR)
    if released:
        chosen = selected(ledger, Selection(hold=Hold.PAUSED))
        assert all(done.objection is None for done in act_on(ledger, chosen, Act.RELEASE, sender.clock.now()))
    else:
        ledger.resume("acme", None, sender.clock.now())
    sender.clock.move_to(ledger.next_due())
    await sender.delivery.drain()
    assert [listed(sender, mail) for mail in range(len(sender.transport.mails))] == [[job.id for job in jobs]]


async def test_a_storm_that_was_paused_comes_in_one_message(ledger: Ledger) -> None:
    policy = StormPolicy(limit=2)
    sender = SenderOnFakes(ledger=ledger, settings=DeliverySettings(storm=policy))
    jobs = [later(number, None, customer="acme") for number in range(9)]
    ledger.accept(jobs, START, policy)
    ledger.pause(Pause("acme", None, START, ""))
    sender.clock.advance(HOUR)
    await sender.delivery.drain()
    assert sender.transport.mails == []
    ledger.resume("acme", None, sender.clock.now())
    await sender.delivery.drain()
    assert len(sender.transport.mails) == policy.limit
    sender.clock.advance(COMPANY)
    await sender.delivery.drain()
    assert listed(sender) == [job.id for job in jobs[2:]]


async def test_a_sender_that_was_stopped_sends_what_was_due_in_one_message(tmp_path: Path) -> None:
    """Of several hours: what it had taken in before in one, and what comes late from the log in another."""
    hourly = [later(hour, replace(DAILY, at=START + hour * HOUR)) for hour in range(1, 5)]
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        ledger.accept(hourly[:2], START)
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        sender = SenderOnFakes(ledger=ledger)
        sender.clock.advance(9 * HOUR)
        for job in hourly[2:]:
            ledger.accept([job], sender.clock.now())
        await sender.delivery.drain()
        sender.clock.advance(COMPANY)
        await sender.delivery.drain()
        assert [listed(sender, mail) for mail in (0, 1)] == [
            [job.id for job in part] for part in (hourly[:2], hourly[2:])
        ]


async def test_a_relay_that_was_away_when_it_was_due_gets_one_message(ledger: Ledger) -> None:
    sender = SenderOnFakes(FakeTransport(lambda _: LATER), ledger=ledger)
    jobs = [later(number) for number in range(4)]
    ledger.accept(jobs, START)
    sender.clock.move_to(DUE)
    await sender.delivery.drain()
    assert {sender.state(job) for job in jobs} == {State.BUNDLED, State.QUEUED}
    sender.transport.answer = lambda _: OK
    sender.clock.advance(9 * HOUR)
    await sender.delivery.drain()
    assert listed(sender) == [job.id for job in jobs]
    assert {sender.state(job) for job in jobs} == {State.DELIVERED}


async def test_a_relay_that_was_away_for_a_night_gets_two_messages_and_not_one_an_hour(ledger: Ledger) -> None:
    sender = SenderOnFakes(FakeTransport(lambda _: LATER), ledger=ledger)
    hours = range(10)
    jobs = [later(number, replace(DAILY, at=DUE + number // 2 * HOUR)) for number in range(2 * len(hours))]
    ledger.accept(jobs, START)
    for hour in hours:
        sender.clock.move_to(DUE + hour * HOUR)
        await sender.delivery.drain()
    sender.transport.answer, sender.transport.mails = (lambda _: OK), []
    for _ in range(30):
        sender.clock.advance(HOUR / 60)
        await sender.delivery.drain()
    assert [listed(sender, mail) for mail in (0, 1)] == [[job.id for job in part] for part in (jobs[:2], jobs[2:])]
    assert {sender.state(job) for job in jobs} == {State.DELIVERED}
    assert len(sender.transport.mails) == 2


async def test_a_digest_that_is_too_large_comes_in_pieces_that_are_not(ledger: Ledger) -> None:
    size = 400
    large = Reply(ReplyKind.REFUSED, 552, "5.3.4 Message size exceeds fixed limit")
    sender = SenderOnFakes(FakeTransport(lambda mail: large if len(mail.content) > size else OK), ledger=ledger)
    jobs = [later(number) for number in range(40)]
    ledger.accept(jobs, START)
    sender.clock.move_to(DUE)
    for _ in range(60):
        await sender.delivery.drain()
        sender.clock.advance(HOUR / 1_800)
    taken = [mail.content.decode().split("\r\n")[3:] for mail in sender.transport.mails if len(mail.content) <= size]
    assert [job for one in taken for job in one] == [job.id for job in jobs]
    assert {sender.state(job) for job in jobs} == {State.DELIVERED}
    assert not ledger.suppressions(10)


async def test_what_is_divided_waits_for_no_order_where_it_would_expire(ledger: Ledger) -> None:
    large = Reply(ReplyKind.REFUSED, 552, "5.3.4 Message size exceeds fixed limit")
    sender = SenderOnFakes(FakeTransport(lambda mail: large if len(mail.content) > 300 else OK), ledger=ledger)
    jobs = [later(number, expires=DUE + HOUR / 1_000) for number in range(8)]
    ledger.accept(jobs, START)
    sender.clock.move_to(DUE)
    await sender.delivery.drain()
    assert {sender.state(job) for job in jobs} == {State.DELIVERED}


async def test_one_message_that_is_too_large_is_refused(ledger: Ledger) -> None:
    sender = SenderOnFakes(FakeTransport(lambda _: Reply(ReplyKind.REFUSED, 552, "5.3.4 too large")), ledger=ledger)
    jobs = [later(number) for number in range(3)]
    ledger.accept(jobs, START)
    sender.clock.move_to(DUE)
    for _ in range(5):
        await sender.delivery.drain()
        sender.clock.advance(HOUR / 60)
    assert {sender.state(job) for job in jobs} == {State.FAILED}
    assert len(sender.transport.mails) == 5


async def test_quiet_hours_and_a_digest_that_end_at_one_moment_keep_what_is_theirs(ledger: Ledger) -> None:
    sender = SenderOnFakes(ledger=ledger)
    quiet, collected = [later(number, QUIET) for number in range(2)], [later(number) for number in range(2, 5)]
    ledger.accept([*quiet, *collected], START)
    sender.clock.move_to(DUE)
    await sender.delivery.drain()
    sent = sorted((listed(sender, mail) for mail in range(len(sender.transport.mails))), key=len)
    assert (len(sent), sent[-1]) == (3, [job.id for job in collected])


async def test_a_job_that_can_not_be_written_costs_the_digest_nothing_else() -> None:
    """The newest carries it: until it is given up, the others wait; then each goes out by itself."""
    sender = SenderOnFakes()
    jobs = [later(number) for number in range(3)]
    sender.composer.broken.add(jobs[2].id)  # type: ignore[attr-defined]
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    assert [sender.state(job) for job in jobs] == [State.DELIVERED, State.DELIVERED, State.FAILED]


class EndsMeanwhile(SqliteLedger):
    """Time passes while it claims."""

    clock: FakeClock
    moment = DUE + timedelta(minutes=3)

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        claimed = super().claim(now, limit, lease, which)
        self.clock.move_to(self.moment if claimed else None)
        return claimed


async def test_what_expires_as_its_digest_is_claimed_is_neither_sent_nor_called_delivered(tmp_path: Path) -> None:
    with closing(EndsMeanwhile(tmp_path / "tocsin.db")) as ledger:
        sender = SenderOnFakes(ledger=ledger)
        ledger.clock = sender.clock
        jobs = [later(number, expires=EndsMeanwhile.moment if number == 1 else DUE + HOUR) for number in range(3)]
        ledger.accept(jobs, START)
        sender.clock.move_to(DUE)
        await sender.delivery.drain()
        assert listed(sender) == [jobs[0].id, jobs[2].id]
        assert [sender.state(job) for job in jobs] == [State.DELIVERED, State.EXPIRED, State.DELIVERED]


async def test_what_quiet_hours_held_comes_as_one_where_it_would_be_a_storm(ledger: Ledger) -> None:
    policy = StormPolicy(limit=5)
    sender = SenderOnFakes(ledger=ledger, settings=DeliverySettings(storm=policy))
    ledger.accept([later(number, QUIET) for number in range(5)], START, policy)
    ledger.accept([a_job(f"e-{number}", address="li@x.example", schedule=QUIET) for number in range(6)], START, policy)
    sender.clock.move_to(DUE)
    await sender.delivery.drain()
    recipients = [mail.recipient for mail in sender.transport.mails]
    assert (recipients.count("zoe@acme.example"), recipients.count("li@x.example")) == (5, 1)


async def test_a_digest_is_counted_and_no_delay() -> None:
    registry = CollectorRegistry()
    sender = SenderOnFakes(FakeTransport(lambda _: OK), monitor=_Monitor(registry))
    sender.ledger.accept([later(number) for number in range(3)], START)
    await sender.until_finished()
    assert registry.get_sample_value("tocsin_digests_delivered_total", {"hold": "digest"}) == 1
    assert registry.get_sample_value("tocsin_delivery_delay_seconds_sum") == 0


class _Monitor(SenderMetrics):
    def came_round(self, writing: timedelta) -> None:
        pass

    def waits_for_ledger(self, why: object) -> None:
        pass


def test_people_see_what_it_waits_for() -> None:
    job = later(1)
    held = LedgerEntry(job, False, Standing(State.HELD, due=DUE, hold=Hold.DIGEST))
    words = "collected for the digest of 2026-03-02T10:00:00Z (daily at 10:00); released, it goes out at once"
    assert words in lines.line(Listed(held, START, START), None, [], START)
    assert words in list(lines.standing(held, [], [], [], START))
    quiet = replace(held, job=later(1, QUIET), standing=replace(held.standing, hold=Hold.QUIET))
    assert "held until 2026-03-02T10:00:00Z (quiet outside support); released, it goes out at once" in list(
        lines.standing(quiet, [], [], [], START)
    )
    assert "due since" in "".join(lines.standing(held, [], [], [], DUE))
    late = replace(held, standing=replace(held.standing, due=DUE + COMPANY))
    words = "late (daily at 10:00): goes out with what else is late for its reader, at 2026-03-02T10:01:00Z"
    assert words in "".join(lines.standing(late, [], [], [], DUE))
    paused = replace(held, standing=Standing(State.HELD, hold=Hold.PAUSED))
    words = "was due at 2026-03-02T10:00:00Z (daily at 10:00): once it is let go, it goes out with what else is late"
    assert words in lines.line(Listed(paused, START, START), None, [], DUE)
    assert "once it is let go, it waits for the digest" in "".join(lines.standing(paused, [], [], [], START))


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_a_digest_says_that_it_was_wanted(channel: Channel) -> None:
    composer = MessageComposer(FixedRenderer("text"), IDENTITY)
    entries = [
        LedgerEntry(later(number, channel=channel, address="+33612345678"), False, Standing(State.SENDING))
        for number in range(2)
    ]
    composed = composer.digest(entries[1], entries)
    message = composed.message
    text = message.text if isinstance(message, OutgoingText) else read(as_mail(composed).mail.content).get_content()
    assert "Your messages about support tickets, in one:" in text
    assert "So many" not in text


def test_an_old_job_has_no_schedule_and_a_new_one_comes_over_the_wire() -> None:
    wire = json.loads(msgspec.json.encode(later(1)))
    assert read_job(json.dumps(wire).encode()).schedule == DAILY
    del wire["schedule"]
    old = JOB_DECODER.decode(json.dumps(wire))
    assert scheduled_report(LedgerEntry(old, False, Standing(State.QUEUED, due=START)), START, lambda: None) is None
