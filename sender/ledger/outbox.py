"""The outbox: what the ledger tells others, which are the outcomes of jobs and the changes of suppressions.

A change and its record in the outbox are one transaction. From there a publisher brings records to their topics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from schemas.directory import SuppressionRecord
from schemas.log import NewRecord
from schemas.outcome import Outcome
from schemas.topics import OUTCOMES, SUPPRESSIONS
from sender.records import Change, LedgerEntry
from sender.states import Transition

UNTOLD: Final = frozenset({Transition.CLAIMED, Transition.FREED})
"""Changes that only concern the sender itself, so that nobody is told of them."""


class Outbound(Struct, frozen=True):
    """A record that the ledger has for a topic. `id` grows in the order of the changes of each job."""

    id: int
    record: NewRecord


class Outbox(Protocol):
    """The records that are still to be published."""

    def outbox(self, limit: int) -> Sequence[Outbound]:
        """At most `limit` records that have not been forgotten yet, the oldest first.

        Empty where another publisher is at it: only one at a time may, so that the outcomes of a job stay in order.
        """
        ...

    def published(self, ids: Sequence[int]) -> None:
        """Forget these records: they stand in their topics."""
        ...


def outcome_record(entry: LedgerEntry, change: Change) -> NewRecord | None:
    """The record of one change of a job (topic `tocsin.outcomes`, key = ticket id); None where it is not told."""
    if change.transition in UNTOLD:
        return None
    job = entry.job
    said = [str(part) for part in (change.code, change.text) if part is not None]
    outcome = Outcome(
        job=job.id,
        source=job.source,
        event=job.event,
        ticket=job.ticket,
        person=job.person,
        channel=job.channel,
        trigger=entry.trigger,
        state=change.state.value,
        transition=change.transition.value,
        sequence=change.sequence,
        attempt=change.attempt,
        at=change.at,
        reply=" ".join(said) or None,
    )
    return NewRecord(OUTCOMES, job.ticket.encode(), msgspec.json.encode(outcome))


def suppression_record(record: SuppressionRecord, *, lifted: bool = False) -> NewRecord:
    """The record of a suppression (topic `tocsin.suppressions`), or its tombstone."""
    return NewRecord(SUPPRESSIONS, f"suppression/{record.id}".encode(), None if lifted else msgspec.json.encode(record))
