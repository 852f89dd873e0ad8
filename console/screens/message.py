"""One message: who is told of what and why, how it stands and what comes next, and all that happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from console.screens.messages import Row, row_of
from console.screens.viewer import Viewer
from schemas.job import Job
from sender.ledger.jobs import JobListing
from sender.ledger.outlook import holding, is_over, next_try
from sender.ledger.waits import MAILBOX, RELAY, Wait
from sender.messages.plain_text import one_line
from sender.records import Change, LedgerEntry, Listed
from sender.states import SCHEDULED, WAITING, State

WHOLE = 1_000
"""Characters of a reply: no longer one is kept."""


class MessageReadings(JobListing, Protocol):
    """The ledger, for this screen."""

    def waits(self, now: datetime) -> Sequence[Wait]:
        """See sender.ledger.waits.Waits."""
        ...

    def bundle(self, carrier: str) -> Sequence[LedgerEntry]:
        """See sender.ledger.storms."""
        ...


class Happened(Struct, frozen=True):
    """A change, with the relay's words; they are null for those who may not see people."""

    change: Change
    said: str | None
    fault: str | None


class Note(Struct, frozen=True):
    """A sentence on what comes next: the key of its words, and its values."""

    word: str
    values: Mapping[str, Any]


class Message(Struct, frozen=True):
    """The whole of it."""

    row: Row
    job: Job
    diverted: bool
    attempts: int
    notes: Sequence[Note]
    happened: Sequence[Happened]
    bundled: Sequence[str]


def message_of(ledger: MessageReadings, job: str, viewer: Viewer, now: datetime) -> Message | None:
    """The message of this id; None where there is none, or none that may be seen."""
    entry = ledger.find(job)
    changes = [] if entry is None else ledger.history(job)
    if entry is None or not changes or not viewer.may_see(entry.job.customer):
        return None
    sees = viewer.sees_people
    happened = [
        Happened(
            one,
            one_line(one.text or "", WHOLE) if sees else None,
            None if one.fault is None else one_line(one.fault, WHOLE),
        )
        for one in changes
    ]
    return Message(
        row_of(Listed(entry, changes[0].at, changes[-1].at), changes, viewer),
        entry.job,
        entry.diverted,
        entry.standing.attempt,
        [*_notes(entry, ledger.waits(now), now, sees=sees)],
        happened,
        [one.job.id for one in ledger.bundle(job)],
    )


def _notes(entry: LedgerEntry, waits: Sequence[Wait], now: datetime, *, sees: bool) -> list[Note]:
    """What comes next; the same facts as `tocsin jobs show` tells."""
    stands = entry.standing
    if is_over(entry, now):
        return [Note("next.over", {"at": entry.job.expires})]
    if stands.state is State.SENDING and stands.lease_until is not None:
        word = "next.lease" if stands.lease_until > now else "next.lease_over"
        return [Note(word, {"at": stands.lease_until})]
    if stands.hold in SCHEDULED and stands.due is not None:
        return [Note("next.due" if stands.due > now else "next.due_over", {"at": stands.due})]
    notes = [_held_back(one, sees=sees) for one in holding(entry, waits)]
    if stands.state in WAITING and stands.due is not None:
        moment = next_try(entry, waits, now)
        tried = Note("next.soon", {}) if moment is None else Note("next.try", {"at": moment})
        notes.insert(0, tried)
    if stands.released:
        notes.append(Note("next.released", {}))
    return notes


def _held_back(one: Wait, *, sees: bool) -> Note:
    if one.name == RELAY:
        return Note("next.relay", {"at": one.until})
    if one.name.startswith(MAILBOX) or not sees:
        return Note("next.mailbox", {"at": one.until})
    return Note("next.domain", {"at": one.until, "domain": one_line(one.name, 260)})
