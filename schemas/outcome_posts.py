"""What is posted to helpdesks of what became of messages: one post for each job, or one for each save of a ticket.

Their shape is that of Standard Webhooks 1.0: `type`, `timestamp` and `data`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from schemas.timestamps import Timestamp
from schemas.vocabulary import Channel, PersonKind, Trigger

TICKET_TOLD: Final = "ticket.told"
JOB_PREFIX: Final = "job."

MOST_JOBS: Final = 500
"""Jobs that the sum of one save names."""


class ToldTicket(Struct, frozen=True):
    """The ticket, as its helpdesk knows it."""

    source: Annotated[str, Meta(description="The `source` of its events.")]
    id: str
    reference: Annotated[str | None, Meta(description="Null where the message is no longer kept.")]


class ToldPerson(Struct, frozen=True):
    """Whom the message was for."""

    kind: PersonKind
    id: str
    name: Annotated[str | None, Meta(description="Null unless the endpoint gets personal data.")] = None
    address: Annotated[str | None, Meta(description="Null unless the endpoint gets personal data.")] = None


class ToldJob(Struct, frozen=True):
    """How one message stands."""

    id: str
    person: ToldPerson
    channel: Channel
    trigger: Annotated[Trigger, Meta(description="The trigger under which it goes out.")]
    state: Annotated[str, Meta(description="Where it stands: delivered, failed, expired, withdrawn and so on.")]
    transition: Annotated[str, Meta(description="What happened to it last, which says why: refused, gave_up …")]
    sequence: Annotated[int, Meta(description="Grows with each change of this message: the higher one is the newer.")]
    attempt: int
    at: Timestamp
    reply: Annotated[
        str | None,
        Meta(
            description="The mail server's code and words. An endpoint without personal data gets the code and the "
            "enhanced code (RFC 3463) alone, since the words may name the address."
        ),
    ]


class JobData(Struct, frozen=True):
    """One message, and the save that it tells of."""

    ticket: ToldTicket
    event: Annotated[str, Meta(description="The id of the event that the helpdesk sent of the save.")]
    job: ToldJob


class TicketData(Struct, frozen=True):
    """All messages of one save."""

    ticket: ToldTicket
    event: Annotated[str, Meta(description="The id of the event that the helpdesk sent of the save.")]
    complete: Annotated[bool, Meta(description="Whether every message has ended. If not, another post will follow.")]
    told: Annotated[list[ToldJob], Meta(description="Those that were delivered.")]
    not_told: Annotated[list[ToldJob], Meta(description="Those that ended without delivery.")]
    waiting: Annotated[list[ToldJob], Meta(description="Those that have not ended.")]
    left_out: Annotated[int, Meta(description=f"Further messages: more than {MOST_JOBS} are counted alone.")] = 0


class JobPost(Struct, frozen=True):
    """What became of one message."""

    type: Annotated[str, Meta(pattern=r"^job\.[a-z_]+$", description="`job.` and the state.")]
    timestamp: Annotated[Timestamp, Meta(description="When it happened.")]
    data: JobData


class TicketPost(Struct, frozen=True):
    """Who was told of one save of a ticket, and who could not be."""

    type: Literal["ticket.told"]
    timestamp: Annotated[Timestamp, Meta(description="When it was summed.")]
    data: TicketData
