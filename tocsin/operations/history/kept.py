"""What was decided, from the decisions that were kept; and what became of each job, from the sender's ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import Part, TopicReader
from adapters.sqlite.database import DatabaseError
from adapters.sqlite.decision_index import SqliteDecisions
from schemas.decision import DecisionRecord
from schemas.log import Record
from schemas.topics import DECISIONS, TICKETS
from sender.ledger.port import LedgerUnavailableError
from sender.records import Change
from tocsin.authoring.event_files import Line
from tocsin.authoring.finding import plain
from tocsin.authoring.recorded_events import events_in_data, events_in_topic

log = structlog.get_logger()

_DECISION = msgspec.json.Decoder(DecisionRecord)


class Kept(Struct, frozen=True):
    """A decision as it was kept, and when."""

    decision: DecisionRecord
    at: datetime


Archive = Callable[[str, datetime], list[Kept]]
"""Finds the decisions about the ticket with this id, or else the event with it, that were kept since a moment."""


def kept_in_data(database: Path) -> Archive:
    """The decisions in the log of embedded mode: an index of the log leads to them."""

    def find(asked: str, since: datetime) -> list[Kept]:
        with closing(SqliteDecisions(database)) as decisions:
            # The ticket first: whoever asks by an event's id has one that no ticket has.
            of_ticket = _read(decisions.of_ticket(asked, since), None)
            return of_ticket or _read(decisions.of_event(asked, since), None)

    return find


def kept_on_kafka(settings: KafkaSettings) -> Archive:
    """The decisions on Kafka: of a ticket, in its partition; of an event, in all."""

    def find(asked: str, since: datetime) -> list[Kept]:
        of_ticket = _read(_topic(settings, Part(since, asked.encode())), lambda one: one.ticket == asked)
        # The whole topic: a record with a wrong key stands in another partition than the ticket's.
        return of_ticket or _read(_topic(settings, Part(since)), lambda one: asked in (one.event, one.ticket))

    return find


Tickets = Callable[[str, datetime], list[str]]
"""The ids of the tickets with this reference, by the events that came since a moment."""


def tickets_in_data(database: Path) -> Tickets:
    """By the events in the log of embedded mode: each that may name the reference is read."""

    def find(reference: str, since: datetime) -> list[str]:
        return _with_reference(reference, events_in_data(database, TICKETS, since))

    return find


def tickets_on_kafka(settings: KafkaSettings) -> Tickets:
    """By the events on Kafka, in all partitions."""

    def find(reference: str, since: datetime) -> list[str]:
        return _with_reference(reference, events_in_topic(settings, TICKETS, since))

    return find


def _with_reference(reference: str, lines: Iterable[Line]) -> list[str]:
    wanted = plain(reference)
    found: dict[str, None] = {}
    for line in lines:
        ticket = None if line.event is None else line.event.ticket
        if ticket is not None and ticket.reference is not None and plain(ticket.reference) == wanted:
            found[ticket.id] = None
    return [*found]


def _topic(settings: KafkaSettings, part: Part) -> Iterator[Record]:
    with closing(TopicReader(settings, (DECISIONS,), part=part)) as reader:
        for found in reader.read_to_end():
            yield record_of(found, settings)


def _read(records: Iterable[Record], is_wanted: Callable[[DecisionRecord], bool] | None) -> list[Kept]:
    """The decisions in these records, the oldest first. One that can't be read is named in the log, and passed over."""
    found: list[Kept] = []
    for record in records:
        if record.value is None:
            continue
        try:
            decision = _DECISION.decode(record.value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            log.warning(
                "decision_unreadable",
                partition=record.partition,
                offset=record.offset,
                error=type(error).__name__,
                said=str(error),
            )
            continue
        if is_wanted is None or is_wanted(decision):
            found.append(Kept(decision, record.timestamp))
    return sorted(found, key=lambda one: one.at)


Histories = Callable[[str], Sequence[Change] | None]
"""All changes of a job in the sender's ledger, the oldest first; empty where it has none, None where it is unknown."""


def no_histories(_job: str) -> Sequence[Change]:
    """Where no ledger is at hand."""
    return ()


class Fates:
    """Histories from a ledger. Once it can't be used, it is asked no more, and `unknown` says why."""

    def __init__(self, ask: Histories = no_histories, unknown: str | None = None) -> None:
        self._ask = ask
        self.unknown = unknown

    def __call__(self, job: str) -> Sequence[Change] | None:
        """See Histories."""
        if self.unknown is None:
            try:
                return self._ask(job)
            except (LedgerUnavailableError, DatabaseError) as error:
                # Asked once: the other jobs would each wait for the same failure.
                self.unknown = str(error)
        return None
