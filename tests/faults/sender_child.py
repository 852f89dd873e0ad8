"""A sender on a ledger, or one of several on one PostgreSQL, until it is killed; says what it handed over.

Usage: python -m tests.faults.sender_child URL-OR-FILE PORT [unlocked] [patient] [early]

A patient one has leases and delays as in earnest. An early one says of each message that it is handed over before it
has a connection.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.postgres import session
from adapters.postgres.dialect import translated
from adapters.postgres.ledger import PostgresLedger
from adapters.sql_ledger.ledger import SqlLedger
from adapters.sqlite.ledger import SqliteLedger
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery.retry import RetryPolicy
from sender.delivery.transports import Transports
from sender.ledger.port import Ledger, LedgerUnavailableError
from sender.ports import HandingOver, OutgoingMail, OutgoingMessage, Transport, unasked
from sender.replies.reply import Reply
from tests.support.mail.smtp_sending import transport_to
from tests.support.sender.fakes import FakeComposer, message_id

CONCURRENCY = 4
SOON = timedelta(milliseconds=50)
SETTINGS = DeliverySettings(
    concurrency=CONCURRENCY,
    lease=timedelta(seconds=3),
    send_limit=timedelta(seconds=2),
    look_again=SOON,
    retry=RetryPolicy(first_delay=SOON, longest_delay=SOON, unknown_delay=SOON, unknown_tries=100, jitter=0),
)


PATIENT = DeliverySettings(send_limit=timedelta(minutes=4), lease=timedelta(minutes=8))


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Telling:
    """Says what the relay has taken, before the ledger knows of it."""

    def __init__(self, transport: Transport[OutgoingMail], *, early: bool) -> None:
        self._transport = transport
        self._early = early

    async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
        assert isinstance(message, OutgoingMail)
        if self._early:
            await handing_over()
        reply = await self._transport.send(message, unasked if self._early else handing_over)
        say(f"sent {message_id(message)}")
        return reply

    async def close(self) -> None:
        await self._transport.close()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its report


async def work(ledger: Ledger, port: int, stop: asyncio.Event, settings: DeliverySettings) -> None:
    """Deliver until it is told to stop."""
    transport = Telling(transport_to(port, timeout=60), early="early" in sys.argv)
    delivery = Delivery(ledger, FakeComposer(), Transports(transport), SystemClock(), random.Random().random, settings)
    try:
        await delivery.run(stop)
    finally:
        await transport.close()


def opened(url: str) -> SqlLedger:
    if url.startswith("postgresql:"):
        return PostgresLedger(url, connect_within=timedelta(seconds=1))
    return SqliteLedger(Path(url))


async def main(url: str, port: int, settings: DeliverySettings) -> None:
    """Begin anew whenever the ledger is out of reach, as a supervisor would."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    while not stop.is_set():
        try:
            with closing(opened(url)) as ledger:
                say("up")
                await work(ledger, port, stop, settings)
        except LedgerUnavailableError as error:
            say(f"lost {error.code}")
            await asyncio.sleep(SOON.total_seconds())


if __name__ == "__main__":
    if "unlocked" in sys.argv:
        vars(session)["translated"] = lambda statement: translated(re.sub(r"/\*pg .*?\*/", "", statement))
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), PATIENT if "patient" in sys.argv else SETTINGS))
