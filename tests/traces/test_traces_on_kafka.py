"""One trace from the platform through Kafka, engine, Kafka and ledger to each try of delivery."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from adapters.kafka.topics import create_topics
from schemas.log import NewRecord
from schemas.topics import DECISIONS, JOBS, OUTCOMES, TICKETS
from tests.faults.engines import directory_record, until
from tests.kafka.members import settings_of
from tests.logs.recognisable import PRIVATE, TEXTS, desk, read_lines, relay, running, sending
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created
from tests.traces.collector import Collector, collector

pytestmark = pytest.mark.kafka

TRACES = {f"E-{number}": f"{number:032x}" for number in (1, 2)}
PARENT = "00f067aa0ba902b7"


def traceparent(event: str) -> str:
    return f"00-{TRACES[event]}-{PARENT}-01"


def records() -> list[NewRecord]:
    """Three events: with a header, with the extension of CloudEvents, and without a trace; and one that is none."""
    by_header, by_body, without = (created(number, **TEXTS) for number in (1, 2, 3))
    by_body["traceparent"] = traceparent("E-2")
    return [
        NewRecord(TICKETS, b"k", json.dumps(by_header).encode(), (("traceparent", traceparent("E-1").encode()),)),
        NewRecord(TICKETS, b"k", json.dumps(by_body).encode()),
        NewRecord(TICKETS, b"k", json.dumps(without).encode(), (("traceparent", b"Zeta \xff"),)),
        NewRecord(TICKETS, b"k", b"Zeta garbage"),
    ]


def let_through(cluster: Cluster, folder: Path, more: dict[str, str]) -> str:
    """Let the events through both services until their jobs have been tried; what the services wrote."""
    create_topics(settings_of(cluster), partitions=1, replication=1)
    cluster.append(directory_record(record) for record in desk().records.values())
    cluster.append(records())
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    with (
        relay() as port,
        running(folder, "engine", "--instance", "one", *on, more=more) as engine_log,
        running(folder, "sender", "--data", str(folder / "data"), *on, *sending(port), more=more) as sender_log,
    ):
        until(lambda: _tried(cluster) == 3 * 5, 90)
    return engine_log.read_text() + sender_log.read_text()


def _tried(cluster: Cluster) -> int:
    """Jobs that were tried at least once."""
    outcomes = [msgspec.json.decode(one.value or b"{}") for one in cluster.read(OUTCOMES)]
    return len({one["job"] for one in outcomes if one["attempt"]})


def chain(found: Collector, event: str) -> list[list[str]]:
    """For each try of the event's jobs, the names of spans from the first to it; all are of the event's trace."""
    by_id = {one.id: one for one in found.spans}
    ways = []
    for span in found.spans:
        if span.name.startswith("deliver ") and span.attributes["tocsin.event_id"] == event:
            way = [span]
            while way[0].parent in by_id:
                way.insert(0, by_id[way[0].parent])
            assert len({one.trace for one in way}) == 1
            ways.append([f"{one.service} {one.name}" for one in way])
    return ways


def test_a_trace_goes_on_from_the_event_to_each_try(cluster: Cluster, tmp_path: Path) -> None:
    with collector() as found:
        text = let_through(cluster, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": found.endpoint})
    way = ["tocsin-engine process helpdesk.tickets", "tocsin-sender process tocsin.jobs"]
    for event in ("E-1", "E-2", "E-3"):
        ways = chain(found, event)
        assert {tuple(one[:2]) for one in ways} == {tuple(way)}
        assert {one[2] for one in ways} == {"tocsin-sender deliver email", "tocsin-sender deliver fax"}
        (first,) = found.named("process helpdesk.tickets", event_id=event)
        assert (first.trace, first.parent) == (TRACES.get(event, first.trace), PARENT if event in TRACES else "")
        assert first.attributes["messaging.system"] == "kafka"
        assert first.attributes["messaging.destination.name"] == TICKETS
        assert first.attributes["tocsin.jobs"] == 5
    (refused, *_) = found.named("deliver email", event_id="E-1", outcome="refused")
    assert (refused.failed, refused.attributes["tocsin.reply_code"]) == (True, 550)
    (garbage,) = [one for one in found.named("process helpdesk.tickets") if one.failed]
    assert garbage.attributes["error.type"] == "not_json"
    assert PRIVATE.search("".join(found.texts)) is None
    assert re.search("E-1", "".join(found.texts)), "the control: what was sent is looked through"
    lines = [line for line in read_lines(text) if line.get("event_id") == "E-1"]
    assert {line["trace_id"] for line in lines} == {TRACES["E-1"]}
    assert {line["event"] for line in lines} == {"decided", "job_taken_in", "job_changed"}
    assert {line["span_id"] for line in lines} <= {one.id for one in found.spans}
    for topic in (JOBS, DECISIONS):
        assert all(dict(one.headers).keys() == {"traceparent"} for one in cluster.read(topic))
    assert all(b"traceparent" not in (one.value or b"") for one in cluster.read(JOBS))


def test_without_an_endpoint_no_record_gets_a_header(cluster: Cluster, tmp_path: Path) -> None:
    text = let_through(cluster, tmp_path, {})
    assert "trace_id" not in text
    for topic in (JOBS, DECISIONS, OUTCOMES):
        assert all(one.headers == () for one in cluster.read(topic))
