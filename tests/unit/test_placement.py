"""Records that stand where those of their ticket do not belong: found, counted, and told once a minute."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from adapters.kafka.partitioner import partition_of
from adapters.prometheus.engine_metrics import EngineMetrics
from engine.consumer import Batch
from engine.placement import Misplaced, Misplacement, misplaced
from schemas.log import Record
from schemas.topics import TICKETS
from tests.support.engine_on_fakes import FakeLog, consumer_on
from tests.support.helpdesk.events import NOW, Helpdesk, envelope
from tocsin.services.monitoring.log_lines import MisplacedLines

TWELVE = range(12)
HOME = partition_of(b"T-1042", TWELVE)
ELSEWHERE = (HOME + 1) % 12


def record(key: bytes | None, partition: int) -> Record:
    return Record(TICKETS, partition, 7, NOW, key, b"{}")


def of_twelve(key: bytes) -> int:
    return partition_of(key, TWELVE)


@pytest.mark.parametrize(
    ("key", "partition", "why"),
    [
        (b"T-1042", HOME, ()),
        (b"T-1042", ELSEWHERE, (Misplacement.PARTITION,)),
        (b'"T-1042"', of_twelve(b'"T-1042"'), (Misplacement.KEY,)),
        (b"acme", (of_twelve(b"acme") + 1) % 12, (Misplacement.KEY, Misplacement.PARTITION)),
        (b"", of_twelve(b""), (Misplacement.KEY,)),
        (b"\xff", of_twelve(b"\xff"), (Misplacement.KEY,)),
        (None, ELSEWHERE, (Misplacement.KEY,)),
    ],
)
def test_key_and_partition_are_held_against_the_ticket(
    key: bytes | None, partition: int, why: tuple[Misplacement, ...]
) -> None:
    found = misplaced(record(key, partition), "T-1042", of_twelve)
    assert (() if found is None else found.why) == why
    assert found is None or found.belongs_in == HOME


def test_where_partitions_are_not_known_only_the_key_is_looked_at() -> None:
    assert misplaced(record(b"T-1042", ELSEWHERE), "T-1042", lambda _key: None) is None
    assert misplaced(record(b"T-1", 0), "T-1042", lambda _key: None) == Misplaced(
        record(b"T-1", 0), "T-1042", (Misplacement.KEY,), None
    )


@given(st.text(min_size=1, max_size=40), st.integers(1, 100))
def test_what_murmur2_places_is_never_misplaced(ticket: str, partitions: int) -> None:
    key = ticket.encode()
    there = partition_of(key, range(partitions))
    assert misplaced(record(key, there), ticket, lambda one: partition_of(one, range(partitions))) is None


def an_event(ticket: str) -> bytes:
    return json.dumps(envelope({"id": ticket}, {"previous": None})).encode()


def test_a_batch_counts_what_was_decided_and_committed() -> None:
    log = FakeLog()
    log.append(an_event("T-1042"))
    log.append(an_event("T-2"))
    log.append(b"no event")
    log.fail = 1
    consumer = consumer_on(log, Helpdesk())
    with pytest.raises(OSError, match="no space"):
        consumer.step(0)
    batch = consumer.step(0)
    assert [(one.ticket, one.record.offset, one.why) for one in batch.misplaced] == [("T-2", 1, (Misplacement.KEY,))]
    assert len(batch.decisions) == 2, "it is no reason to refuse an event"


def counted(registry: CollectorRegistry) -> dict[str, float | None]:
    return {why: registry.get_sample_value("tocsin_misplaced_records_total", {"why": why}) for why in Misplacement}


def test_the_metric_has_both_reasons_from_the_start_and_counts_each() -> None:
    registry = CollectorRegistry()
    metrics = EngineMetrics(registry)
    assert counted(registry) == {"key": 0, "partition": 0}
    both = Misplaced(record(b"x", 0), "T-1", (Misplacement.KEY, Misplacement.PARTITION), 3)
    metrics.batch(Batch(2, [], misplaced=[both, Misplaced(record(b"T-1", 0), "T-1", (Misplacement.PARTITION,), 3)]))
    assert counted(registry) == {"key": 1, "partition": 2}


class Monotonic:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def lines_of(told: MisplacedLines, found: list[Misplaced]) -> list[Any]:
    with capture_logs() as lines:
        told.tell(found)
    return lines


def test_one_line_a_minute_names_an_example_without_its_key() -> None:
    monotonic = Monotonic()
    told = MisplacedLines(monotonic)
    one = Misplaced(record(b"zoe@acme.example", 4), "T-1042", (Misplacement.KEY,), 9)
    assert lines_of(told, []) == []
    (line,) = lines_of(told, [one])
    place = {"topic": TICKETS, "partition": 4, "offset": 7, "belongs_in": 9}
    assert line == {
        "event": "records_misplaced",
        "log_level": "warning",
        "records": 1,
        "ticket_id": "T-1042",
        "why": ["key"],
        **place,
    }
    monotonic.now += 59
    assert lines_of(told, [one, one]) == []
    monotonic.now += 1
    assert [line["records"] for line in lines_of(told, [one])] == [3]
