"""A loop that is stuck is found out, and one that waits for something outside is not: engine and deliveries."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from adapters.kafka.errors import KafkaUnavailableError, NotCommittedError
from adapters.kafka.event_log import KafkaEventLog
from adapters.prometheus.sender_metrics import SenderMetrics
from engine.consumer import Batch, Consumer
from schemas.job import Form, Job
from schemas.vocabulary import Trigger
from sender.delivery.loop import DeliverySettings
from sender.ledger.claimable import ANY, Claimable
from sender.ports import Composed
from sender.records import LedgerEntry
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.faults.engines import until
from tests.support.sender.fakes import START, FakeComposer, FakeTransport, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import SenderOnFakes
from tocsin.services.engine import EngineService
from tocsin.services.lifecycle import loops
from tocsin.services.lifecycle.stopping import Stop
from tocsin.services.lifecycle.vitals import STUCK_SECONDS, Vitals
from tocsin.services.monitoring.engine import EngineMonitor
from tocsin.services.monitoring.sender import LivingDelivery, delivered

PATIENCE = 20.0
TOO_LONG = STUCK_SECONDS + 1
SETTINGS = DeliverySettings(look_again=timedelta(milliseconds=1))


class Monotonic:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Hangs:
    """Something that does not return until it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def hang(self) -> None:
        self.begun.set()
        assert self.go_on.wait(PATIENCE)


class HangingLedger(InMemoryLedger):
    def __init__(self, hangs: Hangs) -> None:
        super().__init__()
        self._hangs = hangs

    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        self._hangs.hang()
        return super().claim(now, limit, lease, which)


class HangingComposer(FakeComposer):
    """Hangs at each message, on the loop or beside it."""

    def __init__(self, hangs: Hangs, *, beside: bool = False) -> None:
        super().__init__()
        self._hangs = hangs
        self._beside = beside

    async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        if self._beside:
            await asyncio.to_thread(self._hangs.hang)
        else:
            self._hangs.hang()
        return await super().compose(job, trigger, form)


class Living:
    """A sender's loop of deliveries, in a thread, under the eyes of vitals."""

    def __init__(self, make: Callable[[LivingDelivery], SenderOnFakes]) -> None:
        self.monotonic = Monotonic()
        self.vitals = Vitals(self.monotonic)
        self.sender = make(LivingDelivery(SenderMetrics(CollectorRegistry()), self.vitals, lambda *_: None))
        self._stop = Stop()

    @contextmanager
    def working(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self._work()))
        thread.start()
        try:
            yield
        finally:
            self._stop.request("the test is over")
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert self.vitals.running() == []

    async def _work(self) -> None:
        await delivered(self.sender.delivery, self.vitals, self._stop)

    def comes_round(self) -> bool:
        return self.vitals.ages().get("deliver") == 0.0

    def stuck(self) -> list[str]:
        return [reason.partition(":")[0] for reason in self.vitals.stuck()]


def test_a_ledger_that_hangs_is_found_out_and_its_return_too() -> None:
    hangs = Hangs()
    living = Living(lambda monitor: SenderOnFakes(ledger=HangingLedger(hangs), settings=SETTINGS, monitor=monitor))
    with living.working():
        assert hangs.begun.wait(PATIENCE)
        living.monotonic.now += STUCK_SECONDS
        assert living.stuck() == []
        living.monotonic.now += 1
        assert living.stuck() == ["deliver"]
        hangs.go_on.set()
        until(lambda: living.stuck() == [], PATIENCE)


def test_a_renderer_that_hangs_on_the_loop_is_found_out() -> None:
    hangs = Hangs()
    living = Living(lambda monitor: SenderOnFakes(composer=HangingComposer(hangs), settings=SETTINGS, monitor=monitor))
    living.sender.ledger.accept([a_job()], START)
    with living.working():
        assert hangs.begun.wait(PATIENCE)
        living.monotonic.now += TOO_LONG
        assert "deliver" in living.stuck()
        hangs.go_on.set()
        until(lambda: living.stuck() == [], PATIENCE)


def test_a_renderer_that_hangs_beside_the_loop_is_found_out_though_the_loop_goes_on() -> None:
    hangs = Hangs()
    living = Living(
        lambda monitor: SenderOnFakes(composer=HangingComposer(hangs, beside=True), settings=SETTINGS, monitor=monitor)
    )
    living.sender.ledger.accept([a_job()], START)
    with living.working():
        assert hangs.begun.wait(PATIENCE)
        living.sender.clock.advance(timedelta(seconds=TOO_LONG))
        until(lambda: living.stuck() == ["write"], PATIENCE)
        assert living.comes_round()
        hangs.go_on.set()
        until(lambda: living.stuck() == [], PATIENCE)


def test_a_relay_that_is_out_of_reach_is_no_stuck_loop() -> None:
    gone = Reply(ReplyKind.DEFERRED, None, "no connection", Stage.CONNECT)
    transport = FakeTransport(lambda _mail: gone)
    living = Living(lambda monitor: SenderOnFakes(transport, settings=SETTINGS, monitor=monitor))
    living.sender.ledger.accept([a_job()], START)
    with living.working():
        until(lambda: len(transport.mails) > 0, PATIENCE)
        living.monotonic.now += TOO_LONG
        until(living.comes_round, PATIENCE)
        assert living.stuck() == []


class Troubled:
    """A consumer and its log, for which each batch takes a minute and comes to the same end; the last one says stop."""

    has_joined = True

    def __init__(self, error: Exception, stop: Stop, monotonic: Monotonic, batches: int = 10) -> None:
        self._error = error
        self._stop = stop
        self._monotonic = monotonic
        self._left = batches
        self.stuck: list[str] = []
        self.vitals: Vitals

    def step(self, timeout: float) -> Batch:
        self._monotonic.now += 60
        self.stuck += self.vitals.stuck()
        self._left -= 1
        if not self._left:
            self._stop.request("the test is over")
        raise self._error

    def rewind(self) -> None:
        pass


@pytest.mark.parametrize("error", [NotCommittedError("fenced"), KafkaUnavailableError("no answer")])
def test_an_engine_whose_batches_fail_is_not_stuck(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "PAUSE_SECONDS", 0.0)
    stop, monotonic, monitor = Stop(), Monotonic(), EngineMonitor("one")
    troubled = Troubled(error, stop, monotonic)
    monitor.vitals = troubled.vitals = Vitals(monotonic)
    service = EngineService(cast(KafkaEventLog, troubled), cast(Consumer, troubled), monitor)
    service.run(stop)
    assert troubled.stuck == []
    # The control: one that does not come round for as long is.
    monitor.vitals.beat("engine")
    monotonic.now += 10 * 60
    assert monitor.vitals.stuck() == ["engine: has not come round for 600 s"]
