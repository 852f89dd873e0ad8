"""The decisions that were kept, by ticket or event: in the log of a data folder, or on Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import Part, TopicReader
from adapters.sqlite.decision_index import SqliteDecisions
from schemas.decision import DecisionRecord
from schemas.log import Record
from schemas.topics import DECISIONS

log = structlog.get_logger()

_DECISION = msgspec.json.Decoder(DecisionRecord)


class Kept(Struct, frozen=True):
    """A decision as it was kept, and when."""

    decision: DecisionRecord
    at: datetime


Archive = Callable[[str, datetime], list[Kept]]
"""The decisions of a ticket, else those of an event, of this id, that were kept since a moment, in their order."""


def kept_in_data(database: Path) -> Archive:
    """The decisions in the log of embedded mode: an index of the log leads to them."""

    def find(asked: str, since: datetime) -> list[Kept]:
        with closing(SqliteDecisions(database)) as decisions:
            of_ticket = _read(decisions.of_ticket(asked, since), None)
            return of_ticket or _read(decisions.of_event(asked, since), None)

    return find


def kept_on_kafka(settings: KafkaSettings) -> Archive:
    """The decisions on Kafka: of a ticket, in its partition; of an event, in all."""

    def find(asked: str, since: datetime) -> list[Kept]:
        of_ticket = _read(_topic(settings, Part(since, asked.encode())), lambda one: one.ticket == asked)
        return of_ticket or _read(_topic(settings, Part(since)), lambda one: asked in (one.event, one.ticket))

    return find


def _topic(settings: KafkaSettings, part: Part) -> Iterator[Record]:
    with closing(TopicReader(settings, (DECISIONS,), part=part)) as reader:
        for found in reader.read_to_end():
            yield record_of(found, settings)


def _read(records: Iterable[Record], is_wanted: Callable[[DecisionRecord], bool] | None) -> list[Kept]:
    """The decisions in these records. One that can't be read is named in the log, and passed over."""
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
