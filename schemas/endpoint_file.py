"""What operators write of the addresses to which outcomes are posted. It holds no secret."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

MOST_ENDPOINTS: Final = 20
CALLED: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"


class TellWord(StrEnum):
    """What an endpoint is told."""

    JOBS = "jobs"
    """One post for each message."""
    TICKETS = "tickets"
    """One post for each save of a ticket."""


class StateWord(StrEnum):
    """A state of a message."""

    QUEUED = "queued"
    HELD = "held"
    UNKNOWN = "unknown"
    BUNDLED = "bundled"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


class EndpointEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One endpoint. Its secrets stand in the setting `outcomes.secrets`, by its name."""

    name: Annotated[str, Meta(min_length=1, max_length=64, pattern=CALLED, description="As metrics and logs name it.")]
    url: Annotated[str, Meta(min_length=1, max_length=2_000, description="https://… or http://…, without a password.")]
    tell: Annotated[TellWord, Meta(description="`jobs`: a post for each message. `tickets`: one for each save.")] = (
        TellWord.JOBS
    )
    states: Annotated[
        list[StateWord] | None,
        Meta(description="Of `jobs`: the states that are told. Left out: those that end a message."),
    ] = None
    settle_seconds: Annotated[
        Annotated[int, Meta(ge=1, le=3_600)],
        Meta(description="Of `tickets`: a save is summed when nothing was heard of its messages for so long."),
    ] = 10
    within_minutes: Annotated[
        Annotated[int, Meta(ge=1, le=10_080)],
        Meta(description="Of `tickets`: after so long a save is summed with what still waits, and once more later."),
    ] = 15
    personal_data: Annotated[
        bool, Meta(description="Whether names, addresses and the words of mail servers are posted.")
    ] = False
    ca: Annotated[
        str | None,
        Meta(description="A file of certificates (PEM) to trust in place of the system's; beside this file."),
    ] = None


class EndpointFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of endpoints."""

    endpoints: list[EndpointEntry]
