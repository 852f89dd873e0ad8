"""A sender whose relay is down: takes in many jobs, waits for the relay, delivers them; tells what it took.

Usage: python -m tests.faults.queue_child FILE PORT JOBS BYTES [hoard]. Each of the jobs holds so many bytes of text. It
prints a line of JSON when all are queued and the relay has been looked for often enough, and one at the end.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery.pacing import PacingPolicy
from sender.delivery.relay_circuit import CircuitPolicy
from sender.delivery.retry import RetryPolicy
from sender.delivery.transports import Transports
from sender.ports import HandingOver, OutgoingMail, unasked
from sender.replies.reply import Reply
from sender.states import State
from tests.support.sender.fakes import TICKET, FakeComposer, a_job
from tocsin.clock import SystemClock

BATCH = 500
PROBES = 30
PAUSE = 0.02
SOON = timedelta(seconds=PAUSE)
SETTINGS = DeliverySettings(
    look_again=SOON,
    retry=RetryPolicy(first_delay=SOON, longest_delay=SOON),
    pacing=PacingPolicy(circuit=CircuitPolicy(first_pause=SOON, longest_pause=SOON)),
)


class Counting:
    """The transport, and how often it was asked."""

    def __init__(self, transport: SmtpTransport) -> None:
        self.transport, self.asked, self.wanted = transport, 0, asyncio.Condition()

    async def send(self, mail: OutgoingMail, /, handing_over: HandingOver = unasked) -> Reply:
        async with self.wanted:
            self.asked += 1
            self.wanted.notify_all()
        return await self.transport.send(mail, handing_over)

    async def more(self, number: int) -> None:
        """Wait until it was asked so many times more."""
        goal = self.asked + number
        async with self.wanted:
            await asyncio.wait_for(self.wanted.wait_for(lambda: self.asked >= goal), 60)

    async def close(self) -> None:
        await self.transport.close()


def batch(start: int, number: int, size: int) -> list[Job]:
    now = datetime.now(UTC)
    jobs = [a_job(f"e-{one}", f"T-{one}", created=now, expires=now + timedelta(hours=72)) for one in range(number)]
    tickets = [replace(TICKET, description=f"{start + one:09d} " * (size // 10)) for one in range(number)]
    return [
        replace(job, id=f"{start + one}", ticket=f"T-{start + one}", context=replace(job.context, ticket=tickets[one]))
        for one, job in enumerate(jobs)
    ]


def resident() -> int:
    """The present resident size of this process, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if line.startswith("VmRSS:")).split()[1]) * 1024


async def work(ledger: SqliteLedger, port: int, jobs: int, size: int, hoard: list[Job] | None) -> None:
    relay = Relay(host="127.0.0.1", port=port, tls=Tls.NONE, hello="client.example")
    transport = Counting(SmtpTransport(relay))
    delivery = Delivery(ledger, FakeComposer(), Transports(transport), SystemClock(), random.random, SETTINGS)
    ledger.accept(batch(0, BATCH, size), datetime.now(UTC))
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.run(stop))
    await transport.more(PROBES)
    before, began = resident(), time.monotonic()
    for start in range(BATCH, jobs, BATCH):
        made = batch(start, min(BATCH, jobs - start), size)
        await asyncio.to_thread(ledger.accept, made, datetime.now(UTC))
        if hoard is not None:
            hoard += made
    await transport.more(PROBES)
    queued, seconds = ledger.counts()[State.QUEUED], time.monotonic() - began
    tell(grown=resident() - before, queued=queued, seconds=seconds, asked=transport.asked, written=written(ledger))
    await asyncio.to_thread(sys.stdin.readline)
    while ledger.counts()[State.DELIVERED] < jobs:  # noqa: ASYNC110 - the ledger tells nobody
        await asyncio.sleep(0.1)
    tell(grown=resident() - before, delivered=ledger.counts()[State.DELIVERED])
    stop.set()
    await running
    await transport.close()


def written(ledger: SqliteLedger) -> int:
    """Changes in the ledger that are no acceptance."""
    row = ledger._shared.connection.execute(
        "SELECT COUNT(*) FROM job_changes WHERE transition != 'accepted'"
    ).fetchone()
    return int(row[0])


def tell(**figures: float) -> None:
    print(json.dumps(figures), flush=True)  # noqa: T201 - its report


if __name__ == "__main__":
    file, to_port, wanted, each, *more = sys.argv[1:]
    with closing(SqliteLedger(Path(file))) as opened:
        asyncio.run(work(opened, int(to_port), int(wanted), int(each), [] if more else None))
