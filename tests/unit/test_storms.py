"""Too much for one mailbox: most of it comes as one digest, or waits, and nobody else is delayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.sql_ledger import storms
from adapters.sqlite.ledger import SqliteLedger
from schemas.directory import SuppressionRecord
from schemas.job import Job, PersonRef
from schemas.vocabulary import Audience, PersonKind, Trigger
from sender.delivery.loop import DeliverySettings
from sender.delivery_mode import DeliveryMode
from sender.ledger.port import Ledger
from sender.records import LedgerEntry, Report
from sender.states import Hold, Standing, State, Transition
from sender.storms.storm import StormEnd, StormPolicy
from tests.support.mail.messages import IDENTITY, FixedRenderer, MessageComposer, as_mail, read
from tests.support.sender.fakes import START, a_job
from tests.support.sender.on_fakes import SenderOnFakes

SECOND = timedelta(seconds=1)
POLICY = StormPolicy(limit=5)
NUMBER = 5_000


def closed(number: int, address: str = "zoe@acme.example", seconds: float = 0.0) -> Job:
    job = a_job(f"e-{number}", f"T-{number}", address)
    return replace(job, context=replace(job.context, saved_at=START + seconds * SECOND))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        yield ledger


def house_with(policy: StormPolicy, ledger: Ledger | None = None) -> SenderOnFakes:
    return SenderOnFakes(settings=DeliverySettings(storm=policy), ledger=ledger)


async def script_of(sender: SenderOnFakes, policy: StormPolicy) -> list[Job]:
    """5,000 tickets that a script closes within a minute, all told to one contact, and 50 other people's messages."""
    buried = [closed(number, seconds=number * 60 / NUMBER) for number in range(NUMBER)]
    others = [closed(NUMBER + number, f"p{number}@x.example") for number in range(50)]
    jobs = buried[:2_500] + others + buried[2_500:]
    for start in range(0, len(jobs), 500):
        sender.ledger.accept(jobs[start : start + 500], sender.clock.now(), policy)
        await sender.delivery.drain()
    return buried


async def test_a_script_that_closes_5000_tickets_buries_nobody(ledger: Ledger) -> None:
    sender = house_with(POLICY, ledger)
    buried = await script_of(sender, POLICY)
    # At once, without the clock having moved: what is below the limit, and everybody else's.
    assert Counter(mail.recipient for mail in sender.transport.mails)["zoe@acme.example"] == 5
    assert len(sender.transport.mails) == 55
    sender.clock.advance(POLICY.quiet)
    await sender.delivery.drain()
    digests = sender.transport.mails[55:]
    assert {digest.recipient for digest in digests} == {"zoe@acme.example"}
    listed = [digest.content.decode().split("\r\n")[3:] for digest in digests]
    # So many that each is told, none only counted.
    assert [len(one) for one in listed] == [POLICY.digest_size] * 9 + [NUMBER - 5 - 9 * POLICY.digest_size]
    assert [job for one in listed for job in one] == [job.id for job in buried[5:]]
    assert sender.ledger.counts()[State.DELIVERED] == NUMBER + 50


async def test_a_storm_that_waits_is_seen_and_released_by_a_person(ledger: Ledger) -> None:
    policy = replace(POLICY, end=StormEnd.WAIT)
    sender = house_with(policy, ledger)
    buried = await script_of(sender, policy)
    sender.clock.advance(policy.longest)
    await sender.delivery.drain()
    assert sender.ledger.counts()[State.HELD] == NUMBER - 5
    entry = sender.ledger.find(buried[-1].id)
    assert entry is not None
    assert entry.standing.hold is Hold.STORM
    sender.ledger.record([Report(buried[5].id, 0, Transition.RELEASED, START)], START)
    await sender.delivery.drain()
    assert sender.state(buried[5]) is State.DELIVERED
    # The hold has ended by itself: what is new goes out.
    fresh = closed(99_999, seconds=3_600)
    sender.ledger.accept([fresh], sender.clock.now(), policy)
    await sender.delivery.drain()
    assert sender.state(fresh) is State.DELIVERED


async def test_catching_up_after_an_outage_is_no_storm() -> None:
    sender = house_with(POLICY)
    weekend = [closed(number, seconds=number * 3_600) for number in range(60)]
    sender.ledger.accept(weekend, START, POLICY)
    await sender.delivery.drain()
    assert sender.ledger.counts()[State.DELIVERED] == 60


async def test_what_expires_while_it_is_held_is_in_no_digest() -> None:
    sender = house_with(POLICY)
    jobs = [closed(number) for number in range(8)]
    jobs[6] = replace(jobs[6], expires=START + timedelta(minutes=1))
    sender.ledger.accept(jobs, START, POLICY)
    sender.clock.advance(POLICY.quiet)
    await sender.delivery.drain()
    assert sender.state(jobs[6]) is State.EXPIRED
    assert jobs[6].id not in sender.transport.mails[-1].content.decode()


async def test_who_opts_out_meanwhile_is_told_no_more_of_it_and_the_others_are(ledger: Ledger) -> None:
    sender = house_with(POLICY, ledger)
    jobs = [closed(number) for number in range(9)]
    jobs[6] = replace(jobs[6], trigger=Trigger.OPENED)
    jobs[8] = replace(jobs[8], person=PersonRef(PersonKind.CONTACT, "ct-2"))
    ledger.accept(jobs, START, POLICY)
    sender.clock.advance(POLICY.quiet)
    opted_out = SuppressionRecord("o", person="contact/ct-1", triggers=["opened"], reason="opted_out")
    ledger.suppress([opted_out, SuppressionRecord("p", person="contact/ct-2", reason="opted_out")], START)
    await sender.delivery.drain()
    await sender.delivery.drain()
    assert [sender.state(job) for job in (jobs[6], jobs[8])] == [State.WITHDRAWN] * 2
    assert [sender.state(job) for job in (jobs[5], jobs[7])] == [State.DELIVERED] * 2
    assert sender.transport.mails[-1].content.decode().split("\r\n")[3:] == [jobs[5].id, jobs[7].id]
    assert len(sender.transport.mails) == 6


async def test_contacts_of_two_customers_who_share_a_mailbox_get_a_digest_each(ledger: Ledger) -> None:
    sender = house_with(POLICY, ledger)
    sender.ledger.accept([closed(number) for number in range(5)], START, POLICY)
    await sender.delivery.drain()
    theirs = [closed(number) for number in range(5, 11)]
    rival = PersonRef(PersonKind.CONTACT, "ct-of-rival")
    theirs = [replace(job, person=rival) if number % 2 else job for number, job in enumerate(theirs)]
    ledger.accept(theirs, START, POLICY)
    sender.clock.advance(POLICY.quiet)
    await sender.delivery.drain()
    listed = [set(mail.content.decode().split("\r\n")[3:]) for mail in sender.transport.mails[5:]]
    wanted = [{job.id for job in theirs if (job.person == rival) is own} for own in (False, True)]
    assert sorted(map(sorted, listed)) == sorted(map(sorted, wanted))


async def test_what_is_redirected_and_what_is_live_are_in_two_digests(ledger: Ledger) -> None:
    mode = DeliveryMode.parse("redirect:trial@desk.example", ["acme"])
    sender = SenderOnFakes(settings=DeliverySettings(storm=POLICY), ledger=ledger, mode=mode)
    li = PersonRef(PersonKind.COLLABORATOR, "co-1")
    jobs = [replace(closed(number), person=li, audience=Audience.COLLABORATORS) for number in range(11)]
    jobs = [replace(job, customer="rival" if number % 2 else "acme") for number, job in enumerate(jobs)]
    sender.ledger.accept(jobs, START, POLICY)
    await sender.delivery.drain()
    sender.clock.advance(POLICY.quiet)
    for _ in range(3):
        await sender.delivery.drain()
    listed = [mail.content.decode().split("\r\n")[3:] for mail in sender.transport.mails[5:]]
    assert listed == [[job.id for job in jobs[5:] if job.customer == one] for one in ("acme", "rival")]
    assert sender.ledger.counts()[State.DELIVERED] == 11


async def test_a_digest_that_an_earlier_version_mixed_goes_out_in_two(ledger: Ledger, monkeypatch: Any) -> None:
    sender = house_with(POLICY, ledger)
    jobs = [closed(number) for number in range(9)]
    jobs[6] = replace(jobs[6], person=PersonRef(PersonKind.CONTACT, "ct-2"))
    ledger.accept(jobs, START, POLICY)
    with monkeypatch.context() as earlier:
        earlier.setattr(storms, "reader_of", lambda _: "")
        ledger.end_storms(START + POLICY.quiet, POLICY)
    assert jobs[6].id in [one.job.id for one in ledger.bundle(jobs[8].id)]
    sender.clock.advance(POLICY.quiet)
    for _ in range(3):
        await sender.delivery.drain()
    *_, digest, lone = (mail.content.decode() for mail in sender.transport.mails)
    assert {one.id for one in jobs if one.id in digest} == {jobs[5].id, jobs[7].id, jobs[8].id}
    assert [one.id for one in jobs if one.id in lone] == [jobs[6].id]
    assert sender.ledger.counts()[State.DELIVERED] == 9


def entry(job: Job) -> LedgerEntry:
    return LedgerEntry(job, False, Standing(State.SENDING))


def test_a_digest_says_what_happened_to_which_ticket_and_no_more() -> None:
    composer = MessageComposer(FixedRenderer("text"), IDENTITY)
    jobs = [closed(number, seconds=number * 60) for number in range(3)]
    jobs[1] = replace(
        jobs[1], context=replace(jobs[1].context, ticket=replace(jobs[1].context.ticket, title="a\r\nBcc: b@x.example"))
    )
    composed = as_mail(composer.digest(entry(jobs[2]), [entry(job) for job in jobs]))
    message = read(composed.mail.content)
    assert message["Subject"] == "3 messages about support tickets"
    assert message.get_content_type() == "text/plain"
    text = message.get_content()
    assert "3 status changed" in text
    assert text.count("\n- ") == 3
    assert "a Bcc: b@x.example" in text
    assert message["Bcc"] is None
    assert "10:01" in text
    french = replace(jobs[0], language="fr-CA")
    assert "messages sur des demandes" in str(
        read(as_mail(composer.digest(entry(french), [entry(french)])).mail.content)["Subject"]
    )
