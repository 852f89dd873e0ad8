"""How the delivery loop works: its bounds, its stop, its ledger's failures, its logs."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from sender.delivery.loop import DeliverySettings
from sender.ledger.claimable import ANY, Claimable
from sender.ledger.port import LedgerUnavailableError
from sender.ports import HandingOver, OutgoingMessage, unasked
from sender.records import LedgerEntry, Report
from sender.replies.reply import Reply, Stage
from sender.states import State, Transition
from tests.faults.engines import until
from tests.support.sender.fakes import NO, OK, START, FakeComposer, FakeTransport, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import SenderOnFakes


async def test_no_more_are_under_way_at_a_time_than_the_settings_say() -> None:
    enough = asyncio.Event()
    claimed: list[int] = []

    class Counting(FakeTransport):
        async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
            claimed.append(sender.ledger.counts()[State.SENDING])
            if message.recipient == slow.address:
                # Under way for so long that others are claimed meanwhile.
                await enough.wait()
            elif len(claimed) > 10:
                enough.set()
            return OK

    slow, *others = (a_job(address=f"p{number}@acme.example") for number in range(20))
    sender = SenderOnFakes(Counting(), settings=DeliverySettings(concurrency=3))
    sender.ledger.accept([slow, *others], START)
    await sender.delivery.drain()
    assert (max(claimed), len(claimed)) == (3, 20)


async def test_a_stop_finishes_what_is_under_way_and_starts_nothing_more() -> None:
    stop, started, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Gated(FakeTransport):
        async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
            started.set()
            await go_on.wait()
            return await super().send(message, handing_over)

    first, second = a_job("e-1"), a_job("e-2")
    sender = SenderOnFakes(Gated(), settings=DeliverySettings(look_again=timedelta(milliseconds=1)))
    sender.ledger.accept([first, second], START)
    running = asyncio.create_task(sender.delivery.run(stop))
    await started.wait()
    stop.set()
    await asyncio.sleep(0)
    assert not running.done()
    go_on.set()
    await running
    assert (sender.state(first), sender.state(second)) == (State.DELIVERED, State.QUEUED)


async def test_at_a_stop_each_answer_is_recorded_as_it_comes() -> None:
    """So that a process that is cut then, since one answer does not come, sends none of the others again."""
    stop, started, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Gated(FakeTransport):
        async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
            if message.recipient == slow.address:
                started.set()
                await go_on.wait()
            else:
                await stop.wait()
            return await super().send(message, handing_over)

    slow, quick = a_job("e-1", address="slow@acme.example"), a_job("e-2", address="quick@acme.example")
    sender = SenderOnFakes(Gated(), settings=DeliverySettings(look_again=timedelta(milliseconds=1)))
    sender.ledger.accept([slow, quick], START)
    running = asyncio.create_task(sender.delivery.run(stop))
    await started.wait()
    assert sender.delivery.under_way() == sorted(f"job {job.id}" for job in (slow, quick))
    stop.set()
    await asyncio.to_thread(until, lambda: sender.delivery.under_way() == [f"job {slow.id}"], 20)
    assert (sender.state(quick), sender.state(slow)) == (State.DELIVERED, State.SENDING)
    go_on.set()
    await running
    assert sender.state(slow) is State.DELIVERED


class Guarded(InMemoryLedger):
    """Fails where it is told to, and remembers in which threads it worked."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.threads: set[str] = set()

    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        self.threads.add(threading.current_thread().name)
        delivered = any(report.transition is Transition.DELIVERED for report in reports)
        if delivered and self.failures:
            self.failures -= 1
            raise LedgerUnavailableError("locked", "another process holds its lock")
        return super().record(reports, now)

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        self.threads.add(threading.current_thread().name)
        return super().claim(now, limit, lease, which)


@pytest.mark.parametrize(("failures", "state"), [(1, State.DELIVERED), (9, State.SENDING)])
async def test_a_ledger_that_fails_stops_the_sender_loudly_and_loses_nothing(failures: int, state: State) -> None:
    ledger = Guarded()
    sender = SenderOnFakes(ledger=ledger)
    job = a_job()
    ledger.accept([job], START)
    ledger.failures = failures
    with pytest.raises(LedgerUnavailableError):
        await sender.delivery.run(asyncio.Event())
    assert sender.state(job) is state
    ledger.failures = 0
    await sender.until_finished()
    assert sender.state(job) is State.DELIVERED


async def test_the_ledger_works_in_a_thread_of_its_own() -> None:
    ledger = Guarded()
    sender = SenderOnFakes(ledger=ledger)
    ledger.accept([a_job()], START)
    await sender.delivery.drain()
    assert ledger.threads == {"ledger_0"}


async def test_lines_hold_ids_and_states_and_no_address_or_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="sender")
    reply = Reply(NO.kind, 550, "<p2@acme.example> is unknown", Stage.RCPT, "5.1.1")
    jobs = [a_job(f"e-{number}", address=f"p{number}@acme.example") for number in range(4)]
    composer = FakeComposer(broken=[jobs[0].id], faulty=[jobs[1].id])
    sender = SenderOnFakes(FakeTransport(lambda mail: reply if mail.recipient.startswith("p2") else OK), composer)
    sender.ledger.accept(jobs, START)
    await sender.until_finished()
    said = [vars(record) for record in caplog.records]
    assert "@" not in str([{**line, "args": None} for line in said])
    assert reply.text not in str(said)
    ends = {line["event_id"]: (line["job_id"], line["transition"]) for line in said if line["msg"] == "job_changed"}
    expected = {"e-0": "gave_up", "e-1": "delivered", "e-2": "refused", "e-3": "delivered"}
    assert ends == {job.event: (job.id, expected[job.event]) for job in jobs}
    (refused,) = [line for line in said if line.get("transition") == "refused"]
    told = {name: refused[name] for name in ("levelname", "ticket_id", "channel", "code", "status", "stage", "attempt")}
    assert told == {
        "levelname": "WARNING",
        "ticket_id": jobs[2].ticket,
        "channel": "email",
        "code": 550,
        "status": "5.1.1",
        "stage": "RCPT",
        "attempt": 1,
    }
    assert [line["job_id"] for line in said if line["msg"] == "template_failed"] == [jobs[1].id]
    assert (sender.ledger.history(jobs[1].id)[-1].fault, sender.state(jobs[1])) == ("no such field", State.DELIVERED)


@pytest.mark.parametrize(
    "fields", [{"concurrency": 0}, {"sweep": 0}, {"send_limit": timedelta(hours=1)}, {"send_limit": timedelta(0)}]
)
def test_settings_under_which_nothing_could_be_sent_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"concurrency|send_limit"):
        DeliverySettings(**fields)  # type: ignore[arg-type]
