"""A ledger that does not answer for a while: the sender waits, nothing is forgotten, and nothing goes out unwritten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from sender.acceptance import Acceptance
from sender.delivery.loop import DeliverySettings
from sender.ledger.port import LedgerAwayError
from sender.ports import OutgoingMail
from sender.records import LedgerEntry
from sender.replies.reply import Reply
from sender.states import State
from tests.faults.engines import until
from tests.support.sender.fakes import OK, START, FakeClock, FakeTransport, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import SenderOnFakes
from tests.unit.test_acceptance import AcceptanceOnFakes as Intake
from tocsin.services.lifecycle import ledger_outage as outage_lines
from tocsin.services.lifecycle.ledger_outage import TELL_EVERY, LedgerOutage
from tocsin.services.monitoring.sender import SendingMonitor

SETTINGS = DeliverySettings(concurrency=3, look_again=timedelta(milliseconds=1))
JOBS = [a_job(f"e-{number}", f"T-{number}") for number in range(12)]


class AwayLedger(InMemoryLedger):
    """Answers nothing while it is `away`."""

    away = False

    def __getattribute__(self, name: str) -> Any:
        asked = ("accept", "claim", "hand_over", "record", "abandoned", "lapsed", "overdue", "end_storms", "pauses")
        if name in asked and object.__getattribute__(self, "away"):
            raise LedgerAwayError("unreachable", "nobody is there")
        return super().__getattribute__(name)


class Outage:
    """A sender on such a ledger, whose relay takes the first messages just as the ledger goes away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sender.delivery.loop.ASK_AGAIN", timedelta(milliseconds=5))
        self.ledger = AwayLedger()
        self.ledger.accept(JOBS, START)
        self.sender = SenderOnFakes(FakeTransport(self.answer), ledger=self.ledger, settings=SETTINGS)
        self.stop = asyncio.Event()

    def answer(self, _mail: OutgoingMail) -> Reply:
        self.ledger.away = self.ledger.away or len(self.sender.transport.mails) == 1
        return OK

    async def until(self, holds: Callable[[], bool]) -> None:
        await asyncio.to_thread(until, holds, 20)


async def test_what_was_answered_meanwhile_is_written_down_once_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = Outage(monkeypatch)
    running = asyncio.create_task(outage.sender.delivery.run(outage.stop))
    await outage.until(lambda: outage.ledger.away and len(outage.sender.delivery.under_way()) == 3)
    sent = len(outage.sender.transport.mails)
    await asyncio.sleep(0.05)
    assert len(outage.sender.transport.mails) == sent, "it could not write down that it hands more over"
    assert not running.done()
    outage.ledger.away = False
    await outage.until(lambda: outage.ledger.counts()[State.DELIVERED] == len(JOBS))
    outage.stop.set()
    await running
    assert sorted(outage.sender.transport.ids()) == sorted(job.id for job in JOBS)


async def test_a_stop_waits_for_it_where_answers_are_not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = Outage(monkeypatch)
    running = asyncio.create_task(outage.sender.delivery.run(outage.stop))
    await outage.until(lambda: outage.ledger.away and len(outage.sender.delivery.under_way()) == 3)
    outage.stop.set()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(running), 0.05)
    assert not running.done()
    outage.ledger.away = False
    await running
    assert outage.ledger.counts()[State.DELIVERED] == len(outage.sender.transport.mails)
    assert outage.ledger.counts()[State.SENDING] == 0


async def test_a_stop_with_nothing_to_write_down_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = Outage(monkeypatch)
    outage.ledger.away = True
    running = asyncio.create_task(outage.sender.delivery.run(outage.stop))
    await asyncio.sleep(0.02)
    outage.stop.set()
    await asyncio.wait_for(running, 10)
    assert outage.sender.transport.mails == []


class InDoubt(InMemoryLedger):
    """Writes down that a job is handed over, once, and its answer is lost on the way back."""

    lost = False

    def hand_over_one(self, claim: LedgerEntry) -> bool:
        held = super().hand_over_one(claim)
        if not self.lost:
            self.lost = True
            raise LedgerAwayError("connection_lost", "in the midst of a call")
        return held


async def test_what_was_withheld_goes_out_at_once_whatever_the_ledger_was_told() -> None:
    sender = SenderOnFakes(ledger=InDoubt(), settings=SETTINGS)
    sender.ledger.accept(JOBS[:1], START)
    await sender.delivery.drain()
    assert sender.transport.ids() == [JOBS[0].id]
    assert sender.transitions(JOBS[0]) == ["accepted", "claimed", "deferred", "claimed", "delivered"]


def test_what_could_not_be_taken_in_comes_again() -> None:
    intake, ledger = Intake(a_job("e-1"), a_job("e-2")), AwayLedger()
    intake.acceptance = Acceptance(intake.log, ledger, intake.dead_letters, FakeClock())
    ledger.away = True
    for _ in range(2):
        with pytest.raises(LedgerAwayError):
            intake.acceptance.step()
    ledger.away = False
    assert intake.acceptance.step().records == 2
    assert (intake.log.committed, ledger.counts()[State.QUEUED]) == (2, 2)


class Told:
    """The names of the lines that were written, however the log of this run was set up before."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def warning(self, name: str, **_fields: object) -> None:
        self.names.append(name)

    info = warning


def test_an_outage_is_told_at_a_bounded_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(outage_lines, "log", told)
    seconds = [0.0]
    outage = LedgerOutage(lambda: seconds[0])
    outage.is_over("deliver")
    for _ in range(100):
        outage.goes_on("deliver", "unreachable", "nobody is there")
        seconds[0] += TELL_EVERY / 50
    outage.is_over("deliver")
    outage.is_over("deliver")
    assert [told.names.count(word) for word in ("ledger_unavailable", "ledger_back")] == [2, 1]


def test_it_is_over_only_once_no_part_waits_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    told, away = Told(), LedgerAwayError("unreachable", "nobody is there")
    monkeypatch.setattr(outage_lines, "log", told)
    monitor = SendingMonitor({})
    for _ in range(3):
        monitor.waits_for_ledger("publish", away)
        monitor.waits_for_ledger("accept", away)
        # No jobs came, so it was not asked; and one part may get an answer while others do not.
        monitor.asked_ledger_nothing("accept")
        monitor.waits_for_ledger("deliver", None)
    assert told.names == ["ledger_unavailable"]
    assert {"ledger (accept)", "ledger (publish)"} <= parts_that_wait(monitor)
    monitor.waits_for_ledger("publish", None)
    assert told.names == ["ledger_unavailable"]
    monitor.asked_ledger_nothing("accept")
    assert told.names == ["ledger_unavailable", "ledger_back"]
    assert parts_that_wait(monitor).isdisjoint({"ledger (accept)", "ledger (publish)"})


def parts_that_wait(monitor: SendingMonitor) -> set[str]:
    return {line.partition(":")[0] for line in monitor.vitals.reasons()}
