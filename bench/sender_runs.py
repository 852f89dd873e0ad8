"""What the benchmark of the sender runs, each in a process of its own: `python -m bench.sender_runs WHAT …`.

`peer`: the mail server. `raw PORT COUNT`: aiosmtplib on one reused connection. `sender PORT COUNT`: the sender, from a
ledger that holds the jobs to one that knows of their delivery. `queued COUNT`: the sender while the relay is down. Each
prints one line of JSON; the peer prints its port, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from adapters.sqlite.ledger import SqliteLedger
from adapters.writing.composer import ChildComposer
from bench.measuring import peak_memory
from schemas.job import Job
from sender.delivery.loop import Delivery
from sender.delivery.transports import Transports
from sender.ports import OutgoingMail
from sender.states import State
from tests.support.brokers.native import free_ports
from tests.support.mail.messages import IDENTITY, MessageComposer, a_job, external, shipped_composer, shipped_renderer
from tocsin.clock import SystemClock

HOST = "127.0.0.1"
BATCH = 500
PEOPLE = 50
LOOK_FOR = 5.0
"""Seconds for which the relay is looked for."""


def main() -> None:
    """Run one of them."""
    what, *numbers = sys.argv[1:]
    runs: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
        "peer": peer,
        "raw": raw,
        "sender": sender,
        "queued": queued,
    }
    asyncio.run(runs[what](*map(int, numbers)))


def jobs(count: int) -> Iterator[Job]:
    """Messages to some people about tickets of their own, in the templates that come with the product."""
    now = datetime.now(UTC)
    for number in range(count):
        yield a_job(
            external(id=f"T-{number}", reference=f"2026-{number}", title=f"Invoice {number} does not print"),
            id=f"{number:032d}",
            address=f"person-{number % PEOPLE}@acme.example",
            created=now,
            expires=now + timedelta(hours=72),
        )


class Sink:
    """Takes every message and keeps none."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        """Say yes."""
        return "250 2.0.0 Taken"


async def peer() -> None:
    """Serve until the end."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="peer.example", loop=loop), HOST, 0)
    say(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def raw(port: int, count: int) -> None:
    """Send composed messages one after the other."""
    composer = MessageComposer(shipped_renderer(), IDENTITY)
    messages = (composer.compose(job, job.trigger, job.form).message for job in jobs(count))
    mails = [message for message in messages if isinstance(message, OutgoingMail)]
    started = perf_counter()
    async with aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False, local_hostname="bench.example") as client:
        for mail in mails:
            await client.sendmail(mail.envelope_from, [mail.recipient], mail.content)
    say(rate=count / (perf_counter() - started), size=sum(len(mail.content) for mail in mails) // count)


async def sender(port: int, count: int) -> None:
    """Deliver all that a ledger holds."""
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        closing(_ledger(folder)) as ledger,
        closing(shipped_composer()) as composer,
    ):
        started = perf_counter()
        accept(ledger, count)
        accepted = perf_counter()
        transport, delivery = _delivery(ledger, composer, port)
        begun = perf_counter()
        await delivery.drain()
        done = perf_counter()
        await transport.close()
        assert ledger.counts()[State.DELIVERED] == count
    say(rate=count / (done - begun), accept_rate=count / (accepted - started), peak=peak_memory())


async def queued(count: int) -> None:
    """Hold so many jobs, and look for a relay that is not there."""
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        closing(_ledger(folder)) as ledger,
        closing(shipped_composer()) as composer,
    ):
        transport, delivery = _delivery(ledger, composer, free_ports()[0])
        accept(ledger, BATCH)
        await delivery.drain()
        before = resident()
        stop = asyncio.Event()
        running = asyncio.create_task(delivery.run(stop))
        await asyncio.to_thread(accept, ledger, count, BATCH)
        await asyncio.sleep(LOOK_FOR)
        after, written = resident(), ledger.counts()
        stop.set()
        await running
        await transport.close()
    assert sum(written.values()) == count == written[State.QUEUED] + written[State.SENDING]
    say(before=before, after=after, peak=peak_memory())


def accept(ledger: SqliteLedger, count: int, known: int = 0) -> None:
    """Take jobs in, in transactions of the size that they come in from the log. The first ones may be known."""
    batch: list[Job] = []
    for number, job in enumerate(jobs(count), start=1):
        batch.append(job)
        if len(batch) == BATCH or number == count:
            if number > known:
                ledger.accept(batch, datetime.now(UTC))
            batch = []


def resident() -> int:
    """The present resident size of this process, in bytes; where the system does not tell, the largest it has had."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_memory()
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def _ledger(folder: str) -> SqliteLedger:
    return SqliteLedger(Path(folder) / "ledger.db")


def _delivery(ledger: SqliteLedger, composer: ChildComposer, port: int) -> tuple[SmtpTransport, Delivery]:
    transport = SmtpTransport(Relay(host=HOST, port=port, tls=Tls.NONE, hello="bench.example"))
    return transport, Delivery(ledger, composer, Transports(transport), SystemClock(), random.random)


def say(**figures: float) -> None:
    """The result, for the process that asked."""
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
