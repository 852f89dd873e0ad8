"""What the sender needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from schemas.job import Form, Job
from schemas.log import Record
from schemas.vocabulary import Trigger


class JobLog(Protocol):
    """The log of jobs, read by one group. At least once: what was not committed is read again."""

    def poll(self, max_records: int, timeout: float) -> Sequence[Record]:
        """The next records, at most `max_records`; empty where none came within `timeout` seconds."""
        ...

    def commit(self) -> None:
        """All records polled so far are done with."""
        ...


class OutgoingMail(Struct, frozen=True):
    """One message to one recipient: the envelope (RFC 5321) and the content (RFC 5322, with CRLF line ends)."""

    envelope_from: str
    recipient: str
    content: bytes


class Composed(Struct, frozen=True):
    """A job written out as a message.

    `fault` names what was wrong with its template, where the built-in text stands in for it.
    """

    mail: OutgoingMail
    fault: str | None = None


class Composer(Protocol):
    """Turns a job into a message.

    It never fails for a job that the wire accepts: the built-in plain text is always possible.
    """

    def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        """The message for this trigger and form: the job's own, or those of its `otherwise`."""
        ...


class ReplyKind(StrEnum):
    """What the relay made of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """A final no (5xx)."""
    DEFERRED = "deferred"
    """Not now: 4xx, or no connection before the final dot."""
    UNKNOWN = "unknown"
    """The connection was lost or hung after the final dot: the message may have arrived."""


class Reply(Struct, frozen=True):
    """The relay's answer: its code (RFC 5321, section 4.2; None where none came) and its own words."""

    kind: ReplyKind
    code: int | None
    text: str


class Transport(Protocol):
    """Takes messages to the relay, one recipient a transaction."""

    async def send(self, mail: OutgoingMail) -> Reply:
        """Hand over one message. Every outcome is a reply; nothing is raised for what a relay or network does."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
