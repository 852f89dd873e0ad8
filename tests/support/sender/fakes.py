"""Stand-ins for what the sender needs from outside, and made-up jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from schemas.job import ExternalContext, ExternalTicket, Form, Job, Otherwise, PersonRef
from schemas.log import NewRecord, Record
from schemas.mailbox import mailbox
from schemas.vocabulary import Audience, Category, Channel, MessageFormat, PersonKind, Trigger
from sender.ports import Composed, HandingOver, OutgoingMail, OutgoingMessage, unasked
from sender.records import LedgerEntry
from sender.replies.reply import Reply, ReplyKind

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OK = Reply(ReplyKind.ACCEPTED, 250, "queued")
NO = Reply(ReplyKind.REFUSED, 550, "no such user")
LATER = Reply(ReplyKind.DEFERRED, 451, "try again later")
HUNG = Reply(ReplyKind.UNKNOWN, None, "no answer after the final dot")


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by

    def move_to(self, moment: datetime | None) -> None:
        """Move forward to this moment; a moment that has passed, or none, leaves the clock where it is."""
        self.time = max(self.time, moment or self.time)


class FakeComposer:
    """Writes id, trigger and template into the content. `broken` jobs raise; `faulty` ones fall back."""

    def __init__(self, broken: Sequence[str] = (), faulty: Sequence[str] = ()) -> None:
        self.broken = set(broken)
        self.faulty = set(faulty)

    async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        if job.id in self.broken:
            raise KeyError(job.address)
        content = f"Message-ID: <{job.id}@tocsin.example>\r\n\r\n{trigger.value} {form.template}"
        fault = "no such field" if job.id in self.faulty else None
        return Composed(OutgoingMail("alerts@desk.example", job.address, content.encode()), fault)

    async def digest(self, carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> Composed:
        message = (await self.compose(carrier.job, carrier.trigger, carrier.form)).message
        assert isinstance(message, OutgoingMail)
        lines = "".join(f"\r\n{entry.job.id}" for entry in listed)
        return Composed(replace(message, content=message.content + lines.encode()))


Answer = Callable[[OutgoingMail], Reply]


class FakeTransport:
    """Answers by a script and remembers what was handed over, in that order."""

    def __init__(self, answer: Answer = lambda _mail: OK) -> None:
        self.answer = answer
        self.mails: list[OutgoingMail] = []

    async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
        assert isinstance(message, OutgoingMail)
        await handing_over()
        self.mails.append(message)
        return self.answer(message)

    async def close(self) -> None:
        pass

    def ids(self) -> list[str]:
        """The job ids in the Message-IDs of what was handed over."""
        return [message_id(mail) for mail in self.mails]


def message_id(mail: OutgoingMail) -> str:
    """The job id in a fake message's Message-ID."""
    return mail.content.decode().split("<")[1].split("@")[0]


class FakeJobLog:
    """Records in a list. `again()` is what a restart without a commit does."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.polled = 0
        self.committed = 0

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        found = self.records[self.polled : self.polled + max_records]
        self.polled += len(found)
        return found

    def commit(self) -> None:
        self.committed = self.polled

    def rewind(self) -> None:
        self.polled = self.committed

    def again(self) -> None:
        self.rewind()


class FakeDeadLetters:
    """Keeps letters in a list."""

    def __init__(self) -> None:
        self.letters: list[NewRecord] = []

    def append(self, records: Sequence[NewRecord]) -> None:
        self.letters += records


TICKET = ExternalTicket(
    id="T-1",
    reference="2026-1",
    title="Invoices do not print",
    description="Since this morning",
    status="open",
    previous_status="new",
    resolution=None,
    product="ERP",
    site=None,
    service=None,
    created_at=START,
    link=None,
    custom={"severity": 2},
)

JOB = Job(
    id="",
    source="/helpdesk",
    event="e-1",
    ticket="T-1",
    trigger=Trigger.STATUS_CHANGED,
    other_triggers=[],
    person=PersonRef(PersonKind.CONTACT, "ct-1"),
    audience=Audience.CONTACTS,
    channel=Channel.EMAIL,
    address="zoe@acme.example",
    language="en",
    time_zone="Europe/Paris",
    form=Form("external/status_changed", MessageFormat.HTML, "[OPEN]"),
    reply_to=None,
    context=ExternalContext(TICKET, "Zoé Martin", "ACME", "CT-2026-007", START),
    categories=[Category.PRODUCT_CONTACTS],
    rules=["product-contacts"],
    rulebook="0123456789abcdef",
    created=START,
    expires=START + timedelta(hours=72),
)


def a_job(
    event: str = "e-1",
    ticket: str = "T-1",
    address: str = "zoe@acme.example",
    *,
    trigger: Trigger = Trigger.STATUS_CHANGED,
    otherwise: Trigger | None = None,
    source: str = "/helpdesk",
    channel: Channel = Channel.EMAIL,
    **fields: Any,
) -> Job:
    """A job whose id tells source, event, channel and mailbox, in a form for its trigger."""
    form = Form(f"external/{trigger}", MessageFormat.HTML, "[OPEN]")
    second = None if otherwise is None else Otherwise(otherwise, Form(f"external/{otherwise}", MessageFormat.HTML, ""))
    identity = {"source": source, "event": event, "ticket": ticket, "channel": channel, "address": address}
    return replace(
        JOB,
        id=f"{source}/{event}/{channel}/{mailbox(address)}".replace("@", "+"),
        trigger=trigger,
        other_triggers=[] if otherwise is None else [otherwise],
        form=form,
        otherwise=second,
        context=replace(JOB.context, ticket=replace(TICKET, id=ticket)),
        **identity,
        **fields,
    )
