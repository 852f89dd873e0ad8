"""What becomes of jobs, against a scripted relay and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import product

from schemas.job import Form, Job
from schemas.vocabulary import Trigger
from sender.delivery.loop import DeliverySettings
from sender.delivery.retry import FREED_AT_ONCE, RetryPolicy, Verdict, after_lapse
from sender.ports import Composed, HandingOver, OutgoingMail, OutgoingMessage, unasked
from sender.records import LedgerEntry, Report
from sender.replies.reply import Reply
from sender.states import State, Transition
from tests.faults.engines import until
from tests.support.sender.fakes import HUNG, LATER, NO, OK, START, FakeComposer, FakeTransport, a_job, message_id
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import SenderOnFakes


async def test_50_recipients_of_whom_one_is_refused() -> None:
    jobs = [a_job(address=f"p{number}@acme.example") for number in range(50)]
    sender = SenderOnFakes(FakeTransport(lambda mail: NO if mail.recipient == "p17@acme.example" else OK))
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    counts = sender.ledger.counts()
    assert (counts[State.DELIVERED], counts[State.FAILED]) == (49, 1)
    assert Counter(sender.transport.ids()) == Counter(job.id for job in jobs)
    refusal = sender.ledger.history(jobs[17].id)[-1]
    assert (refusal.transition, refusal.code, refusal.text) == (Transition.REFUSED, 550, "no such user")
    assert (refusal.attempt, refusal.at) == (1, START)


async def test_a_relay_that_says_later_for_ten_minutes() -> None:
    sender = SenderOnFakes()
    delivered: list[str] = []

    def answer(mail: OutgoingMail) -> Reply:
        if sender.clock.now() < START + timedelta(minutes=10):
            return LATER
        delivered.append(message_id(mail))
        return OK

    sender.transport.answer = answer
    cases = product(range(3), range(10), range(2))
    jobs = [a_job(f"e-{ticket}-{save}", f"T-{ticket}", f"p{person}@acme.example") for save, ticket, person in cases]
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    assert sender.ledger.counts()[State.DELIVERED] == len(jobs)
    assert Counter(delivered) == Counter(job.id for job in jobs)
    lanes = defaultdict(list)
    for job in jobs:
        lanes[job.ticket, job.address].append(job.id)
    for lane in lanes.values():
        assert [job for job in delivered if job in lane] == lane
    assert sender.clock.now() < START + timedelta(minutes=20)


async def test_a_relay_that_hangs_after_the_final_dot() -> None:
    replies = [HUNG, OK]
    sender = SenderOnFakes(FakeTransport(lambda _mail: replies.pop(0)))
    job = a_job()
    sender.ledger.accept([job], START)
    await sender.delivery.drain()
    sender.clock.advance(timedelta(minutes=20))
    await sender.delivery.drain()
    assert (sender.state(job), len(sender.transport.mails)) == (State.UNKNOWN, 1)
    await sender.until_finished()
    assert sender.transitions(job) == ["accepted", "claimed", "undecided", "claimed", "delivered"]
    assert sender.transport.ids() == [job.id, job.id]


async def test_a_relay_that_always_hangs_is_given_up_by_name() -> None:
    sender = SenderOnFakes(FakeTransport(lambda _mail: HUNG))
    job = a_job()
    sender.ledger.accept([job], START)
    await sender.until_finished()
    assert len(sender.transport.mails) == RetryPolicy().unknown_tries
    assert (sender.state(job), sender.transitions(job)[-1]) == (State.FAILED, "left_unknown")


async def test_an_event_that_comes_twice_and_two_saves_in_one_second() -> None:
    sender = SenderOnFakes()
    first, second = a_job("e-1"), a_job("e-2")
    sender.ledger.accept([first, first, second], START)
    sender.ledger.accept([first], START)
    await sender.until_finished()
    assert sender.transport.ids() == [first.id, second.id]


async def test_a_description_written_emptied_and_written_again() -> None:
    sender = SenderOnFakes()
    opened = {"trigger": Trigger.OPENED, "once": "k"}
    again = a_job("e-3", **opened)  # type: ignore[arg-type]
    with_status = a_job("e-4", otherwise=Trigger.STATUS_CHANGED, **opened)  # type: ignore[arg-type]
    sender.ledger.accept([a_job("e-1", **opened), again, with_status], START)  # type: ignore[arg-type]
    await sender.until_finished()
    contents = [mail.content.decode().split("\r\n\r\n")[1] for mail in sender.transport.mails]
    assert contents == ["opened external/opened", "status_changed external/status_changed"]
    assert sender.state(again) is State.DROPPED


async def test_a_message_that_can_not_be_written_stops_itself_alone() -> None:
    bad, good, behind = a_job("e-1"), a_job("e-1", address="li@desk.example"), a_job("e-2")
    sender = SenderOnFakes(composer=FakeComposer(broken=[bad.id]))
    sender.ledger.accept([bad, good, behind], START)
    await sender.delivery.drain()
    assert sender.transport.ids() == [good.id]
    await sender.until_finished()
    tries = RetryPolicy().fault_tries
    assert sender.transitions(bad) == ["accepted", *["claimed", "broken"] * (tries - 1), "claimed", "gave_up"]
    assert sender.transport.ids() == [good.id, behind.id]
    words = sender.ledger.history(bad.id)[-1].text or ""
    assert words.startswith("the message could not be written: KeyError in fakes.py, line ")


async def test_a_transport_that_raises_leaves_the_outcome_unknown() -> None:
    bad, good = a_job(), a_job(address="li@desk.example")

    def answer(mail: OutgoingMail) -> Reply:
        if mail.recipient == bad.address:
            raise ZeroDivisionError
        return OK

    sender = SenderOnFakes(FakeTransport(answer))
    sender.ledger.accept([bad, good], START)
    await sender.delivery.drain()
    assert (sender.state(bad), sender.state(good)) == (State.UNKNOWN, State.DELIVERED)
    await sender.until_finished()
    assert (sender.state(bad), sender.transitions(bad)[-1]) == (State.FAILED, "left_unknown")


async def test_a_transport_that_never_answers_is_cut_off() -> None:
    class Silent(FakeTransport):
        async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
            await asyncio.Event().wait()
            return OK

    job = a_job()
    sender = SenderOnFakes(Silent(), settings=DeliverySettings(send_limit=timedelta(milliseconds=1)))
    sender.ledger.accept([job], START)
    await sender.delivery.drain()
    assert sender.transitions(job)[-1] == "undecided"


async def test_an_expired_job_is_never_sent() -> None:
    sender = SenderOnFakes(FakeTransport(lambda _mail: LATER))
    soon = START + timedelta(minutes=1)
    jobs = [a_job("e-1", expires=soon), a_job("e-2", expires=soon)]
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    assert [sender.transitions(job)[-1] for job in jobs] == ["expired", "expired"]
    assert (sender.transport.ids(), sender.clock.now()) == ([jobs[0].id, jobs[0].id], soon)


async def test_a_job_that_expires_while_it_is_written_is_not_sent() -> None:
    class Slow(FakeComposer):
        async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
            sender.clock.move_to(job.expires)
            return await super().compose(job, trigger, form)

    sender = SenderOnFakes(composer=Slow(), settings=DeliverySettings(lease=timedelta(days=9)))
    job = a_job()
    sender.ledger.accept([job], START)
    await sender.delivery.drain()
    assert (sender.state(job), sender.transport.mails) == (State.EXPIRED, [])


async def test_an_expired_job_that_may_have_arrived_is_not_called_expired() -> None:
    sender = SenderOnFakes(FakeTransport(lambda _mail: HUNG))
    job = a_job(expires=START + timedelta(minutes=1))
    sender.ledger.accept([job], START)
    await sender.until_finished()
    assert (sender.state(job), sender.transitions(job)[-1]) == (State.FAILED, "left_unknown")


async def test_nothing_is_handed_over_when_the_lease_is_nearly_over() -> None:
    settings = DeliverySettings()

    class Slow(FakeComposer):
        async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
            sender.clock.advance(settings.lease - settings.send_limit + timedelta(seconds=1))
            return await super().compose(job, trigger, form)

    sender = SenderOnFakes(composer=Slow(), settings=settings)
    job = a_job()
    sender.ledger.accept([job], START)
    await sender.delivery.drain()
    assert (sender.transitions(job)[-1], sender.transport.mails) == ("broken", [])


async def test_what_a_crash_left_behind_goes_out_at_once_where_it_was_not_handed_over() -> None:
    sender = SenderOnFakes()
    claimed, handed_over = a_job("e-1", "T-1"), a_job("e-2", "T-2")
    sender.ledger.accept([claimed, handed_over], START)
    [_, other] = sender.ledger.claim(START, 2, timedelta(minutes=5))
    sender.ledger.hand_over([other])
    await sender.delivery.drain()
    assert sender.transport.ids() == [claimed.id]
    assert sender.transitions(claimed) == ["accepted", "claimed", "freed", "claimed", "delivered"]
    assert sender.state(handed_over) is State.UNKNOWN
    sender.clock.advance(RetryPolicy().unknown_delay - timedelta(seconds=1))
    await sender.delivery.drain()
    assert sender.state(handed_over) is State.UNKNOWN
    await sender.until_finished()
    assert sender.transitions(handed_over) == ["accepted", "claimed", "lapsed", "claimed", "delivered"]


async def test_a_claim_of_an_older_version_waits_as_if_it_had_been_handed_over() -> None:
    ledger = InMemoryLedger()
    ledger.owner = None  # type: ignore[assignment]
    sender, job = SenderOnFakes(ledger=ledger), a_job()
    ledger.accept([job], START)
    ledger.claim(START, 1, timedelta(minutes=5))
    await sender.until_finished()
    assert sender.transitions(job) == ["accepted", "claimed", "lapsed", "claimed", "delivered"]


async def test_a_job_whose_senders_end_again_and_again_waits_longer_each_time() -> None:
    """A message that ends the process that writes it must not do so without a pause."""
    sender, job = SenderOnFakes(), a_job()
    sender.ledger.accept([job], START)
    waits = []
    for _ in range(FREED_AT_ONCE + 2):
        [claimed] = sender.ledger.claim(sender.clock.now(), 1, timedelta(minutes=5))
        verdict = after_lapse(RetryPolicy(jitter=0), claimed.standing, sender.clock.now(), lambda: 0)
        assert (verdict.transition, verdict.until is not None) == (Transition.FREED, True)
        waits.append(((verdict.until or START) - sender.clock.now()).total_seconds())
        sender.ledger.record([Report(job.id, claimed.standing.attempt, *_of(verdict))], sender.clock.now())
        sender.clock.move_to(verdict.until)
    assert waits == [0, 0, 0, 30, 60]


def _of(verdict: Verdict) -> tuple[Transition, datetime | None]:
    return verdict.transition, verdict.until


class LosesClaims(InMemoryLedger):
    """Another sender frees each job just before it is handed over."""

    def hand_over_one(self, claim: LedgerEntry) -> bool:
        self.record([Report(claim.job.id, claim.standing.attempt, Transition.FREED, START)], START)
        return super().hand_over_one(claim)


async def test_a_claim_that_was_lost_is_not_handed_over() -> None:
    sender, job = SenderOnFakes(ledger=LosesClaims()), a_job()
    sender.ledger.accept([job], START)
    stop = asyncio.Event()
    running = asyncio.create_task(sender.delivery.run(stop))
    await asyncio.to_thread(until, lambda: len(sender.ledger.history(job.id)) > 2, 20)
    stop.set()
    await running
    assert sender.transport.mails == []
    assert set(sender.transitions(job)) == {"accepted", "claimed", "freed"}, "what its sender says then changes nothing"
