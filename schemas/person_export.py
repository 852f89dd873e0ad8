"""What `tocsin person export` writes: all that is kept of a person, one JSON object on each line."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from schemas.directory import SuppressionRecord
from schemas.explanation import JobChange
from schemas.job import Job

FORMAT: Final = "tocsin-person/1"


class Head(Struct, frozen=True, tag_field="part", tag="head"):
    """The first line: who it is about, when it was written, and by which addresses and names they were looked for."""

    format: str
    person: str
    at: datetime
    addresses: list[str]
    names: list[str]


class KeptRecord(Struct, frozen=True, tag_field="part", tag="directory"):
    """The person as the directory has them; it comes from the platform."""

    record: dict[str, Any]


class KeptJob(Struct, frozen=True, tag_field="part", tag="job"):
    """A job in the sender's ledger, with each change of it."""

    job: Job
    state: str
    accepted: datetime
    changes: list[JobChange]


class KeptSuppression(Struct, frozen=True, tag_field="part", tag="suppression"):
    """A suppression in the sender's ledger, of the person or of one of their addresses."""

    suppression: SuppressionRecord


class KeptValue(Struct, frozen=True, tag_field="part", tag="record"):
    """A record of a topic that names the person. Of a decision, what it says of them alone."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: Annotated[str | None, Meta(description="Bytes that are no UTF-8 are written as \\xNN.")]
    value: Annotated[str, Meta(description="The record's value, which is JSON as a rule; bytes likewise.")]


class KeptOfPost(Struct, frozen=True, tag_field="part", tag="post"):
    """What is kept of a post that names the person.

    Of one that came in, the state of its ticket, or the event that it became; of outcomes, one that goes out to a
    helpdesk, or the part of one.
    """

    table: str
    key: Annotated[
        str,
        Meta(
            description="Of `ticket_states`: source and ticket; of `deliveries`: the event's id; of others, their id."
        ),
    ]
    value: Annotated[str, Meta(description="JSON.")]


class KeptOfHistory(Struct, frozen=True, tag_field="part", tag="history"):
    """What the history keeps: of a decision, what it says of the person alone; of a ticket, a title that names them."""

    table: str
    at: datetime
    value: Annotated[str, Meta(description="Of `decisions`: JSON; of `decided_tickets`: source, id and title.")]


class KeptMail(Struct, frozen=True, tag_field="part", tag="mail"):
    """A mail to the person that the demo's mailbox kept as a file."""

    file: str
    content: str


class End(Struct, frozen=True, tag_field="part", tag="end"):
    """The last line: how many lines of each part there are. Without it the file is not whole."""

    counts: dict[str, int]


Line = Head | KeptRecord | KeptJob | KeptSuppression | KeptValue | KeptOfPost | KeptOfHistory | KeptMail | End
