"""Decisions about a ticket, read from their topic each time somebody asks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

import msgspec

from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import Part, TopicReader
from history.entries import DECISION
from history.ports import HistoryUnavailableError, KeptDecision
from schemas.clock import Clock
from schemas.log import Record
from schemas.topics import DECISIONS

LOOKS_BACK: Final = timedelta(days=7)
"""How old a decision may be."""


class KafkaDecisionArchive:
    """See adapters.web.decisions.DecisionArchive. It may be shared between threads.

    It reads the partition to which the ticket belongs, from LOOKS_BACK on to its end; a decision's place is its offset
    there. Where that takes longer than `within`, it raises HistoryUnavailableError (`too_slow`).
    """

    def __init__(
        self,
        settings: KafkaSettings,
        clock: Clock,
        within: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._within = within.total_seconds()
        self._monotonic = monotonic

    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        """See DecisionArchive."""
        # The newest come last, and no more of them are held than are asked for.
        found: deque[KeptDecision] = deque(maxlen=limit)
        for record in self._records(ticket.encode()):
            if before is not None and record.offset >= before:
                break
            kept = _kept(record)
            if kept is not None and (kept.decision.source, kept.decision.ticket) == (source, ticket):
                found.append(kept)
        return [*reversed(found)]

    def close(self) -> None:
        """It holds nothing."""

    def _records(self, key: bytes) -> Iterator[Record]:
        part = Part(self._clock.now() - LOOKS_BACK, key)
        with closing(TopicReader(self._settings, (DECISIONS,), part=part, between=self._deadline())) as reader:
            for found in reader.read_to_end():
                if found.key == key:
                    yield record_of(found, self._settings)

    def _deadline(self) -> Callable[[], Any]:
        end = self._monotonic() + self._within

        def look() -> None:
            if self._monotonic() > end:
                raise HistoryUnavailableError("too_slow", "the topic of decisions takes too long to read")

        return look


def _kept(record: Record) -> KeptDecision | None:
    """The decision in a record; None where it is none, which engines and histories have told of already."""
    try:
        return KeptDecision(DECISION.decode(record.value or b""), record.timestamp, record.offset)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
