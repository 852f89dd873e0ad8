"""The engine's step on fakes of its ports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.consumer import Consumer
from engine.ports import RulesInForce, Tracer
from engine.stages.s4_rule_matching import ReferenceMatcher
from schemas.log import NewRecord, Record
from schemas.topics import TICKETS
from tests.support.helpdesk.events import NOW, Helpdesk, default_rules, envelope


class FakeLog:
    """An EventLog in memory; `fail` makes the next commits fail."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.outputs: list[NewRecord] = []
        self.committed = self.position = 0
        self.commits = 0
        self.fail = 0

    def append(self, value: bytes | None, *headers: tuple[str, bytes], at: datetime = NOW) -> None:
        self.records.append(Record(TICKETS, 0, len(self.records), at, b"T-1042", value, headers))

    def event(self, ticket: dict[str, Any] | None = None, **attributes: Any) -> None:
        self.append(json.dumps(envelope(ticket, {"previous": None}, **attributes)).encode())

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        found = self.records[self.position : self.position + max_records]
        self.position += len(found)
        return found

    def commit(self, records: Sequence[Record], outputs: Sequence[NewRecord]) -> None:
        if self.fail:
            self.fail -= 1
            raise OSError("no space left")
        self.committed = records[-1].offset + 1
        self.outputs += outputs
        self.commits += 1

    def rewind(self) -> None:
        self.position = self.committed

    def partition_of(self, key: bytes) -> int | None:
        return 0

    def topic(self, topic: str) -> list[NewRecord]:
        return [output for output in self.outputs if output.topic == topic]


class Still:
    def __init__(self, value: Any) -> None:
        self.value = value

    def current(self) -> Any:
        return self.value

    def now(self) -> Any:
        return self.value


def consumer_on(
    log: FakeLog, desk: Helpdesk, now: datetime = NOW, matcher: Any = None, tracer: Tracer | None = None
) -> Consumer:
    rules = RulesInForce(default_rules(), matcher or ReferenceMatcher())
    return Consumer(log, Still(desk.directory()), Still(rules), Still(now), tracer)
