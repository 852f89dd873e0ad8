"""A sender with everything around it made up."""

from __future__ import annotations

import random

from schemas.job import Job
from sender.delivery.gate import Gate
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery_mode import LIVE, DeliveryMode
from sender.ledger.port import Ledger
from sender.ports import Composer, DeliveryMonitor, People
from sender.states import State
from tests.support.sender.fakes import FakeClock, FakeComposer, FakeTransport
from tests.support.sender.in_memory_ledger import InMemoryLedger


async def until_finished(ledger: Ledger, delivery: Delivery, clock: FakeClock) -> None:
    """Deliver, and move the clock to what comes next, until nothing does."""
    await delivery.drain()
    while (moment := ledger.next_due()) is not None:
        # What is due already waits for the relay.
        clock.move_to(moment if moment > clock.now() else delivery.resumes())
        await delivery.drain()


class SenderOnFakes:
    """Deliveries on a ledger in memory, to a scripted relay, by a clock that is moved by hand."""

    def __init__(
        self,
        transport: FakeTransport | None = None,
        composer: Composer | None = None,
        ledger: Ledger | None = None,
        settings: DeliverySettings | None = None,
        people: People | None = None,
        mode: DeliveryMode = LIVE,
        monitor: DeliveryMonitor | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.ledger: Ledger = ledger or InMemoryLedger()
        self.transport = transport or FakeTransport()
        self.composer = composer or FakeComposer()
        chance = random.Random(1).random
        gate = Gate(self.ledger, people, mode)
        self.delivery = Delivery(
            self.ledger, self.composer, self.transport, self.clock, chance, settings, gate=gate, monitor=monitor
        )

    async def until_finished(self) -> None:
        """Deliver, and move the clock to what comes next, until nothing does."""
        await until_finished(self.ledger, self.delivery, self.clock)

    def state(self, job: Job) -> State:
        entry = self.ledger.find(job.id)
        assert entry is not None
        return entry.standing.state

    def transitions(self, job: Job) -> list[str]:
        return [change.transition.value for change in self.ledger.history(job.id)]
