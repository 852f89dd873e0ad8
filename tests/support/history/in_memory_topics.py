"""Topics in memory, from which a history is filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from history.ports import Part
from schemas.decision import DecisionRecord
from schemas.log import Record
from schemas.topics import DECISIONS, TICKETS
from tests.support.helpdesk.files import created
from tests.support.history.made_decisions import MINUTE, START


class InMemoryTopics:
    """Records by their part; those that were taken away are no longer there to be read."""

    def __init__(self) -> None:
        self.records: dict[Part, list[Record]] = {}
        self.ends: dict[Part, int] = {}

    def append(self, topic: str, value: bytes | None, at: datetime | None = None, partition: int = 0) -> None:
        part = Part(topic, partition)
        offset = self.ends.get(part, 0)
        self.ends[part] = offset + 1
        when = START + offset * MINUTE if at is None else at
        self.records.setdefault(part, []).append(Record(topic, partition, offset, when, b"T-1", value))

    def decide(self, decision: DecisionRecord, at: datetime | None = None, partition: int = 0) -> None:
        self.append(DECISIONS, msgspec.json.encode(decision), at, partition)

    def save(self, number: int, title: str) -> None:
        self.append(TICKETS, msgspec.json.encode(created(number, title=title)))

    def read(self, positions: Mapping[Part, int], limit: int) -> Sequence[Record]:
        found = [
            record
            for part, records in sorted(self.records.items(), reverse=True)
            for record in records
            if record.offset >= self.position(part, positions)
        ]
        return found[:limit]

    def position(self, part: Part, positions: Mapping[Part, int]) -> int:
        position = positions.get(part, 0)
        return position if position <= self.ends[part] else 0

    def lag(self, positions: Mapping[Part, int]) -> int:
        return sum(end - self.position(part, positions) for part, end in self.ends.items())

    def beginning(self) -> datetime | None:
        return min(
            (one.timestamp for part, all_ in self.records.items() if part.topic == DECISIONS for one in all_),
            default=None,
        )

    def close(self) -> None:
        pass
