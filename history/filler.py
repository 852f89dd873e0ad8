"""Fills the history: a batch of records, what it says, and with it the positions, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from history.entries import DECISION, LONGEST_NAME, Entry, Sighting, names_in, sighting_in
from history.ports import Batch, HistorySource, HistoryStore, Move, Part
from schemas.clock import Clock
from schemas.event import read_event
from schemas.log import Record
from schemas.refusal import RefusedError
from schemas.topics import DECISIONS, TICKETS

TOPICS: Final = (TICKETS, DECISIONS)

AT_ONCE: Final = 100
"""Records of a batch: it holds the database's lock, or a connection, for some hundredths of a second."""

PRUNE_EVERY: Final = timedelta(minutes=10)
PRUNED_AT_ONCE: Final = 200


class Unreadable(Struct, frozen=True):
    """A record of the topic of decisions that is none; `error` names the kind of fault, without its words."""

    part: Part
    offset: int
    error: str


class Filled(Struct, frozen=True):
    """What a step did: records read, decisions that are new, and what could not be read."""

    records: int
    decisions: int
    unreadable: Sequence[Unreadable] = ()
    pruned: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not self.records and not self.pruned


class Filler:
    """Brings decisions and tickets from their topics into a history, and takes out what its time is over of.

    It belongs to one thread. Several may fill one history: each batch is kept by one of them.
    """

    def __init__(
        self, source: HistorySource, store: HistoryStore, clock: Clock, kept: timedelta, at_once: int = AT_ONCE
    ) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._kept = kept
        self._at_once = at_once
        self._pruned: datetime | None = None

    def step(self) -> Filled:
        """Read a batch and keep it; or, where none waits, forget a portion. Raises HistoryUnavailableError."""
        # Asked anew each time: whoever has all read anew forgets the positions.
        positions = self._store.positions()
        records = self._source.read(positions, self._at_once)
        if not records:
            return Filled(0, 0, pruned=self._prune())
        batch, unreadable = read_batch(records, positions, self._clock.now() - self._kept)
        kept = self._store.fill(batch)
        return Filled(len(records), 0) if kept is None else Filled(len(records), kept, unreadable)

    def lag(self) -> int:
        """How many records wait. Raises HistoryUnavailableError."""
        return self._source.lag(self._store.positions())

    def _prune(self) -> int:
        now = self._clock.now()
        if self._pruned is not None and now - self._pruned < PRUNE_EVERY:
            return 0
        pruned = self._store.prune(now - self._kept, PRUNED_AT_ONCE)
        if not pruned:
            # Portions follow each other until nothing is left that is too old.
            self._pruned = now
        return pruned


def read_batch(
    records: Sequence[Record], positions: Mapping[Part, int], oldest: datetime
) -> tuple[Batch, list[Unreadable]]:
    """What the records say, and the positions behind them; and those that can't be read.

    What came before `oldest` would be forgotten at once, and is left out.
    """
    entries: list[Entry] = []
    sightings: list[Sighting] = []
    unreadable: list[Unreadable] = []
    ends: dict[Part, int] = {}
    for record in records:
        part = Part(record.topic, record.partition)
        ends[part] = record.offset + 1
        if record.value is None or record.timestamp < oldest:
            continue
        if record.topic == TICKETS:
            sightings += _sightings(record)
            continue
        try:
            entries.append(_entry(record, record.value))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            unreadable.append(Unreadable(part, record.offset, type(error).__name__))
    moves = [Move(part, positions.get(part), end) for part, end in sorted(ends.items())]
    return Batch(moves, entries, sightings), unreadable


def _entry(record: Record, value: bytes) -> Entry:
    decision = DECISION.decode(value)
    if max(map(len, names_in(decision))) > LONGEST_NAME:
        raise msgspec.ValidationError("an id is longer than that of any event")
    return Entry(record.timestamp, record.partition, record.offset, decision, value)


def _sightings(record: Record) -> list[Sighting]:
    """What an event says of its ticket; nothing where it is none, which the engine has told already."""
    try:
        event = read_event(record.value or b"", record.timestamp, dict(record.headers))
    except RefusedError:
        return []
    return [sighting_in(event, record.timestamp)]
