"""What became of one job (topic `tocsin.outcomes`)."""

from __future__ import annotations

from msgspec import Struct

from schemas.job import PersonRef
from schemas.timestamps import Timestamp
from schemas.vocabulary import Channel, Trigger


class Outcome(Struct, frozen=True):
    """A job's change of state.

    `state` is where the job stands now, `transition` what happened to it. `sequence` grows with each change of the job,
    not always by one: a claim is not told. A record may come twice, and none is lost. `reply` is the mail server's
    code and words.
    """

    job: str
    source: str
    event: str
    ticket: str
    person: PersonRef
    channel: Channel
    trigger: Trigger
    state: str
    transition: str
    sequence: int
    attempt: int
    at: Timestamp
    reply: str | None
