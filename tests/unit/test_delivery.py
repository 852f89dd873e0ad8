"""What becomes of jobs, against a scripted relay and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import product

from schemas.job import Form, Job
from schemas.vocabulary import Trigger
from sender.delivery import DeliverySettings
from sender.ports import Composed, OutgoingMail, OutgoingMessage, Reply
from sender.retry import RetryPolicy
from sender.states import State, Transition
from tests.fakes import HUNG, LATER, NO, OK, START, FakeComposer, FakeTransport, a_job, message_id
from tests.sender_house import House


async def test_50_recipients_of_whom_one_is_refused() -> None:
    jobs = [a_job(address=f"p{number}@acme.example") for number in range(50)]
    house = House(FakeTransport(lambda mail: NO if mail.recipient == "p17@acme.example" else OK))
    house.ledger.accept(jobs, START)
    await house.until_finished()
    counts = house.ledger.counts()
    assert (counts[State.DELIVERED], counts[State.FAILED]) == (49, 1)
    assert Counter(house.transport.ids()) == Counter(job.id for job in jobs)
    refusal = house.ledger.history(jobs[17].id)[-1]
    assert (refusal.transition, refusal.code, refusal.text) == (Transition.REFUSED, 550, "no such user")
    assert (refusal.attempt, refusal.at) == (1, START)


async def test_a_relay_that_says_later_for_ten_minutes() -> None:
    house = House()
    delivered: list[str] = []

    def answer(mail: OutgoingMail) -> Reply:
        if house.clock.now() < START + timedelta(minutes=10):
            return LATER
        delivered.append(message_id(mail))
        return OK

    house.transport.answer = answer
    cases = product(range(3), range(10), range(2))
    jobs = [a_job(f"e-{ticket}-{save}", f"T-{ticket}", f"p{person}@acme.example") for save, ticket, person in cases]
    house.ledger.accept(jobs, START)
    await house.until_finished()
    assert house.ledger.counts()[State.DELIVERED] == len(jobs)
    assert Counter(delivered) == Counter(job.id for job in jobs)
    lanes = defaultdict(list)
    for job in jobs:
        lanes[job.ticket, job.address].append(job.id)
    for lane in lanes.values():
        assert [job for job in delivered if job in lane] == lane
    assert house.clock.now() < START + timedelta(minutes=20)


async def test_a_relay_that_hangs_after_the_final_dot() -> None:
    replies = [HUNG, OK]
    house = House(FakeTransport(lambda _mail: replies.pop(0)))
    job = a_job()
    house.ledger.accept([job], START)
    await house.delivery.drain()
    house.clock.advance(timedelta(minutes=20))
    await house.delivery.drain()
    assert (house.state(job), len(house.transport.mails)) == (State.UNKNOWN, 1)
    await house.until_finished()
    assert house.transitions(job) == ["accepted", "claimed", "undecided", "claimed", "delivered"]
    assert house.transport.ids() == [job.id, job.id]


async def test_a_relay_that_always_hangs_is_given_up_by_name() -> None:
    house = House(FakeTransport(lambda _mail: HUNG))
    job = a_job()
    house.ledger.accept([job], START)
    await house.until_finished()
    assert len(house.transport.mails) == RetryPolicy().unknown_tries
    assert (house.state(job), house.transitions(job)[-1]) == (State.FAILED, "left_unknown")


async def test_an_event_that_comes_twice_and_two_saves_in_one_second() -> None:
    house = House()
    first, second = a_job("e-1"), a_job("e-2")
    house.ledger.accept([first, first, second], START)
    house.ledger.accept([first], START)
    await house.until_finished()
    assert house.transport.ids() == [first.id, second.id]


async def test_a_description_written_emptied_and_written_again() -> None:
    house = House()
    opened = {"trigger": Trigger.OPENED, "once": "k"}
    again = a_job("e-3", **opened)  # type: ignore[arg-type]
    with_status = a_job("e-4", otherwise=Trigger.STATUS_CHANGED, **opened)  # type: ignore[arg-type]
    house.ledger.accept([a_job("e-1", **opened), again, with_status], START)  # type: ignore[arg-type]
    await house.until_finished()
    contents = [mail.content.decode().split("\r\n\r\n")[1] for mail in house.transport.mails]
    assert contents == ["opened external/opened", "status_changed external/status_changed"]
    assert house.state(again) is State.DROPPED


async def test_a_message_that_can_not_be_written_stops_itself_alone() -> None:
    bad, good, behind = a_job("e-1"), a_job("e-1", address="li@desk.example"), a_job("e-2")
    house = House(composer=FakeComposer(broken=[bad.id]))
    house.ledger.accept([bad, good, behind], START)
    await house.delivery.drain()
    assert house.transport.ids() == [good.id]
    await house.until_finished()
    tries = RetryPolicy().fault_tries
    assert house.transitions(bad) == ["accepted", *["claimed", "broken"] * (tries - 1), "claimed", "gave_up"]
    assert house.transport.ids() == [good.id, behind.id]
    words = house.ledger.history(bad.id)[-1].text or ""
    assert words.startswith("the message could not be written: KeyError in fakes.py, line ")


async def test_a_transport_that_raises_leaves_the_outcome_unknown() -> None:
    bad, good = a_job(), a_job(address="li@desk.example")

    def answer(mail: OutgoingMail) -> Reply:
        if mail.recipient == bad.address:
            raise ZeroDivisionError
        return OK

    house = House(FakeTransport(answer))
    house.ledger.accept([bad, good], START)
    await house.delivery.drain()
    assert (house.state(bad), house.state(good)) == (State.UNKNOWN, State.DELIVERED)
    await house.until_finished()
    assert (house.state(bad), house.transitions(bad)[-1]) == (State.FAILED, "left_unknown")


async def test_a_transport_that_never_answers_is_cut_off() -> None:
    class Silent(FakeTransport):
        async def send(self, message: OutgoingMessage, /) -> Reply:
            await asyncio.Event().wait()
            return OK

    job = a_job()
    house = House(Silent(), settings=DeliverySettings(send_limit=timedelta(milliseconds=1)))
    house.ledger.accept([job], START)
    await house.delivery.drain()
    assert house.transitions(job)[-1] == "undecided"


async def test_an_expired_job_is_never_sent() -> None:
    house = House(FakeTransport(lambda _mail: LATER))
    soon = START + timedelta(minutes=1)
    jobs = [a_job("e-1", expires=soon), a_job("e-2", expires=soon)]
    house.ledger.accept(jobs, START)
    await house.until_finished()
    assert [house.transitions(job)[-1] for job in jobs] == ["expired", "expired"]
    assert (house.transport.ids(), house.clock.now()) == ([jobs[0].id, jobs[0].id], soon)


async def test_a_job_that_expires_while_it_is_written_is_not_sent() -> None:
    class Slow(FakeComposer):
        def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
            house.clock.move_to(job.expires)
            return super().compose(job, trigger, form)

    house = House(composer=Slow(), settings=DeliverySettings(lease=timedelta(days=9)))
    job = a_job()
    house.ledger.accept([job], START)
    await house.delivery.drain()
    assert (house.state(job), house.transport.mails) == (State.EXPIRED, [])


async def test_an_expired_job_that_may_have_arrived_is_not_called_expired() -> None:
    house = House(FakeTransport(lambda _mail: HUNG))
    job = a_job(expires=START + timedelta(minutes=1))
    house.ledger.accept([job], START)
    await house.until_finished()
    assert (house.state(job), house.transitions(job)[-1]) == (State.FAILED, "left_unknown")


async def test_nothing_is_handed_over_when_the_lease_is_nearly_over() -> None:
    settings = DeliverySettings()

    class Slow(FakeComposer):
        def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
            house.clock.advance(settings.lease - settings.send_limit + timedelta(seconds=1))
            return super().compose(job, trigger, form)

    house = House(composer=Slow(), settings=settings)
    job = a_job()
    house.ledger.accept([job], START)
    await house.delivery.drain()
    assert (house.transitions(job)[-1], house.transport.mails) == ("broken", [])


async def test_what_a_crash_left_behind_is_tried_again_after_its_lease() -> None:
    house = House()
    job = a_job()
    house.ledger.accept([job], START)
    house.ledger.claim(START, 1, timedelta(minutes=5))
    await house.delivery.drain()
    assert house.transport.mails == []
    await house.until_finished()
    assert house.transitions(job) == ["accepted", "claimed", "lapsed", "claimed", "delivered"]
