"""A ledger with jobs of every kind that a person may want to do something about, made by a sender at work."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job, PersonRef
from schemas.vocabulary import PersonKind, Trigger
from sender.delivery.gate import Gate
from sender.delivery.loop import Delivery
from sender.ledger.port import Ledger
from sender.ledger.restrictions import Pause
from sender.ports import OutgoingMail
from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind, Stage
from sender.storms.storm import StormPolicy
from tests.support.sender.fakes import FakeClock, FakeComposer, FakeTransport, a_job
from tocsin.config.data_folder import database_in

MORNING = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""When somebody looks at it."""

DEAD = Reply(
    ReplyKind.REFUSED,
    550,
    "5.1.1 <zoe@acme.example>: Recipient address rejected: unknown",
    Stage.RCPT,
    "5.1.1",
    About.MAILBOX,
)
STORM = StormPolicy(limit=2)
FAILED, DELIVERED, PAUSED = "5f1c0a4b-failed", "77ab01c2-delivered", "c0ffee00-paused"
BURIED = [f"0000000{number}-storm" for number in range(5)]


def job(job_id: str, person: str, address: str, **fields: object) -> Job:
    """A job that is told by its id."""
    ticket = str(fields.pop("ticket", "T-1042"))
    made = a_job(f"event-{job_id}", ticket, address, trigger=Trigger.CLOSED)
    return replace(
        made,
        id=job_id,
        person=PersonRef(PersonKind.CONTACT, person),
        created=MORNING,
        expires=MORNING + timedelta(hours=72),
        context=replace(made.context, saved_at=MORNING),
        **fields,
    )


def fill(ledger: Ledger) -> None:
    """Take in the jobs, and try what may be tried."""
    clock = FakeClock(MORNING)
    ledger.pause(Pause("acme-lab", None, MORNING - timedelta(hours=1), "they move to a new mail server"))
    jobs = [
        job(FAILED, "ct-1", "zoe@acme.example", customer="acme"),
        job(DELIVERED, "ct-2", "lea@acme.example", customer="acme"),
        job(PAUSED, "ct-3", "tom@lab.example", customer="acme-lab", ticket="T-1050"),
        *(job(one, "ct-7", "max@acme.example", customer="acme", ticket=f"T-2{one[:8]}") for one in BURIED),
    ]
    ledger.accept(jobs, MORNING, STORM)

    def answer(mail: OutgoingMail) -> Reply:
        return DEAD if mail.recipient == "zoe@acme.example" else Reply(ReplyKind.ACCEPTED, 250, "2.0.0 Ok: queued")

    clock.advance(timedelta(seconds=2))
    chance = random.Random(1).random
    delivery = Delivery(ledger, FakeComposer(), FakeTransport(answer), clock, chance, gate=Gate(ledger))
    asyncio.run(delivery.drain())


def filled(data: Path) -> Path:
    """A data folder with such a ledger."""
    data.mkdir(exist_ok=True)
    with closing(SqliteLedger(database_in(data))) as ledger:
        fill(ledger)
    return data
