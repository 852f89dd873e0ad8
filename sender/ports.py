"""What the sender needs from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from msgspec import Struct

from schemas.errors import InputError
from schemas.job import Form, Job
from schemas.log import NewRecord, Record
from schemas.vocabulary import Channel, Trigger
from sender.ledger.port import LedgerAwayError
from sender.ledger.waits import Wait
from sender.records import LedgerEntry, Report
from sender.replies.reply import Reply


class JobLog(Protocol):
    """The log of jobs, read by one group. At least once: what was not committed is read again."""

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """The next records, at most `max_records`; empty where none came within `timeout` seconds."""
        ...

    def commit(self) -> None:
        """Commit the position behind all records that were polled so far."""
        ...

    def rewind(self) -> None:
        """Poll again what was polled and not committed."""
        ...


class Topics(Protocol):
    """Where records are written: what became of jobs, and dead letters."""

    def append(self, records: Sequence[NewRecord]) -> object:
        """Append these records, in their order, and return once they are stored.

        What could not be stored raises: none is dropped silently.
        """
        ...


class People(Protocol):
    """What the directory says by now about those who are to be alerted."""

    def look(self) -> bool:
        """Take in what has changed. False while it was never read completely; an outage leaves what was known last."""
        ...

    def withdrawal(self, entry: LedgerEntry, now: datetime) -> str | None:
        """Why this job's person must not get it any more: they left, or a suppression stands. None where they may."""
        ...


class OutgoingMail(Struct, frozen=True):
    """One message to one recipient: the envelope (RFC 5321) and the content (RFC 5322, with CRLF line ends)."""

    envelope_from: str
    recipient: str
    content: bytes


class OutgoingText(Struct, frozen=True):
    """One message to one address on a channel that takes plain text: a line that says what it is about, and the text.

    `recipient` is one address of the channel: a number as digits, perhaps behind a +.
    """

    channel: Channel
    recipient: str
    subject: str
    text: str


OutgoingMessage = OutgoingMail | OutgoingText


class Composed(Struct, frozen=True):
    """A job written out as a message.

    `fault` names what was wrong with its template, where the built-in text stands in for it.
    """

    message: OutgoingMessage
    fault: str | None = None


class Composer(Protocol):
    """Turns a job into a message, beside the loop that asks: many may be asked for at a time.

    It never fails for a job that the wire accepts: the built-in plain text is always possible.
    """

    async def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        """The message for this trigger and form: the job's own, or those of its `otherwise`."""
        ...

    async def digest(self, carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> Composed:
        """The message that lists these jobs, of which the carrier is one, under the carrier's Message-ID."""
        ...


class Part(StrEnum):
    """The two forms of a message's body; the value stands in the names of template files."""

    TEXT = "txt"
    HTML = "html"


class TemplateFaultError(InputError):
    """A template gave no text.

    Holds its file, the line where that is known, and the class of the error: never a value.
    """

    def __init__(self, name: str, line: int | None, reason: str) -> None:
        super().__init__(f"{name}, line {line}: {reason}" if line is not None else f"{name}: {reason}")
        self.name = name
        self.line = line
        self.reason = reason


class Renderer(Protocol):
    """Writes out templates, each within limits of time and size."""

    def render(self, template: str, language: str, part: Part, variables: Mapping[str, object]) -> str:
        """The text of one template. `variables` are what it may name.

        Times are shown in the variables' `language` and `time_zone`. Raises TemplateFaultError, and nothing else, for
        whatever is wrong with the template or goes wrong in it.
        """
        ...


class WithheldError(Exception):
    """A message must not be handed over, and the reason. Nothing of it has been."""


HandingOver = Callable[[], Awaitable[None]]
"""Asked by a transport right before the receiver may have a message's content. Raises WithheldError."""


async def unasked() -> None:
    """Let every message be handed over."""


M_contra = TypeVar("M_contra", bound=OutgoingMessage, contravariant=True)


class Transport(Protocol[M_contra]):
    """Takes messages of a kind where they are to go, one recipient at a time.

    That is a mail relay, or another service. A send may be cancelled where it takes too long.
    """

    async def send(self, message: M_contra, /, handing_over: HandingOver = unasked) -> Reply:
        """Hand over one message. Every outcome is a reply; nothing is raised for what a service or network does.

        `handing_over` is awaited once all else is settled, and perhaps again before another try; what it raises is
        raised, and the message was not handed over.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class DeliveryMonitor(Protocol):
    """Is told how delivery goes. Called from the event loop and from the ledger's thread; never fails."""

    def answered(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """The transport answered for a job."""
        ...

    def changed(self, report: Report) -> None:
        """A report was recorded, and changed its job."""
        ...

    def waiting(self, waits: Sequence[Wait], now: datetime) -> None:
        """What keeps due jobs back: a relay that can't be reached or says nothing, domains; told in each round."""
        ...

    def came_round(self, writing: timedelta) -> None:
        """The loop of deliveries has come round; `writing` is how long the oldest message in writing has been so."""
        ...

    def waits_for_ledger(self, why: LedgerAwayError | None) -> None:
        """Delivery waits until the ledger answers again; None: it does."""
        ...


class Unmonitored:
    """Ignores all that it is told."""

    def answered(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """See DeliveryMonitor."""

    def changed(self, report: Report) -> None:
        """See DeliveryMonitor."""

    def waiting(self, waits: Sequence[Wait], now: datetime) -> None:
        """See DeliveryMonitor."""

    def came_round(self, writing: timedelta) -> None:
        """See DeliveryMonitor."""

    def waits_for_ledger(self, why: LedgerAwayError | None) -> None:
        """See DeliveryMonitor."""
