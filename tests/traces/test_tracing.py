"""When traces are on, what they cost while nobody takes them, and what a context has to look like."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.opentelemetry.engine_tracer import EngineTracer
from adapters.opentelemetry.provider import CLOSE_SECONDS, CLOSING, new_provider
from adapters.opentelemetry.sender_tracer import SenderTracer
from engine.consumer import Consumer
from engine.ports import Tracer
from schemas.job import JOB_DECODER, Job
from schemas.log import NewRecord, Record
from schemas.topics import JOBS, TICKETS
from schemas.trace_context import TraceContext, trace_context_of
from sender.acceptance import Acceptance
from sender.records import LedgerEntry
from sender.states import Transition, begin
from tests.support.engine_on_fakes import FakeLog, consumer_on
from tests.support.helpdesk.events import Helpdesk
from tests.support.sender.fakes import START, FakeClock, FakeDeadLetters, FakeJobLog, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.traces.collector import collector
from tocsin.config.wiring.telemetry import OFF, TracingSettingsError, are_wanted, tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def record(*headers: tuple[str, bytes], value: bytes = b"{}") -> Record:
    return Record(TICKETS, 0, 0, datetime.now(UTC), b"k", value, headers)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
    ],
)
def test_traces_are_off_unless_the_environment_asks_for_them(environment: dict[str, str], wanted: bool) -> None:
    assert are_wanted(environment) is wanted
    if not wanted:
        with tracing("x", environment=environment) as tracers:
            assert tracers is OFF


def test_another_exporter_is_refused() -> None:
    with pytest.raises(TracingSettingsError, match="OTEL_TRACES_EXPORTER: 'zipkin' is neither"):
        are_wanted({"OTEL_TRACES_EXPORTER": "zipkin"})


PROGRAM = """
import sys
import tocsin.cli.app, tocsin.services.engine, tocsin.services.sender
from tocsin.config.wiring.telemetry import tracing
with tracing("x"):
    print(any(name.startswith("opentelemetry") for name in sys.modules))
"""


@pytest.mark.parametrize(("more", "imported"), [({}, "False"), ({"OTEL_TRACES_EXPORTER": "otlp"}, "True")])
def test_nothing_of_it_is_imported_while_traces_are_off(more: dict[str, str], imported: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=more, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == imported


@pytest.mark.parametrize("name", ["traceparent", "ce_traceparent"])
def test_a_context_is_read_from_headers_and_from_a_cloud_event(name: str) -> None:
    state = (name.replace("parent", "state"), b"a=1")
    assert trace_context_of(record((name, PARENT.encode()), state)) == TraceContext(PARENT, "a=1")
    body = msgspec.json.encode({"traceparent": PARENT, "tracestate": "a=1"})
    assert trace_context_of(record(value=body)) == TraceContext(PARENT, "a=1")
    assert trace_context_of(record((name, PARENT.encode()), value=b'{"traceparent":5}')) == TraceContext(PARENT)


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "zoe@acme.example",
        PARENT.upper(),
        PARENT[:-1],
        "ff" + PARENT[2:],
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        PARENT + "-" + "x" * 200,
    ],
)
def test_what_is_no_context_counts_as_none(parent: str) -> None:
    assert trace_context_of(record(("traceparent", parent.encode()))) is None
    assert trace_context_of(record(value=msgspec.json.encode({"traceparent": parent}))) is None


@settings(deadline=None)
@given(st.binary(), st.binary(), st.binary())
def test_reading_a_context_never_fails(parent: bytes, state: bytes, value: bytes) -> None:
    found = trace_context_of(record(("traceparent", parent), ("tracestate", state), value=value + b'"traceparent"'))
    assert found is None or found.traceparent == parent.decode()


def working(log: FakeLog, tracer: Tracer | None) -> Consumer:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    return consumer_on(log, desk, tracer=tracer)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> Iterator[TracerProvider]:
    made = new_provider("test")
    made.add_span_processor(SimpleSpanProcessor(exporter))
    yield made
    made.shutdown()


def test_the_decision_and_the_jobs_are_those_without_traces(provider: TracerProvider) -> None:
    def outputs(tracer: Any) -> list[NewRecord]:
        log = FakeLog()
        log.event()
        working(log, tracer).step(0.0)
        return log.outputs

    plain, traced = outputs(None), outputs(EngineTracer(provider, "g"))
    assert [(one.topic, one.key, one.value) for one in traced] == [(one.topic, one.key, one.value) for one in plain]
    assert all(one.headers == () for one in plain)
    assert all([name for name, _ in one.headers] == ["traceparent"] for one in traced)


def test_a_batch_that_is_not_committed_has_spans_that_say_so(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    log = FakeLog()
    log.event()
    log.fail = 1
    consumer = working(log, EngineTracer(provider, "g"))
    with pytest.raises(OSError, match="no space"):
        consumer.step(0.0)
    consumer.step(0.0)
    failed, done = exporter.get_finished_spans()
    assert (failed.status.is_ok, (failed.attributes or {})["error.type"]) == (False, "OSError")
    assert (done.attributes or {})["tocsin.event_id"] == "E-1"


def taken_in(provider: TracerProvider, *headers: tuple[str, bytes]) -> Job:
    """A job that came with these headers, as the ledger keeps it: through its JSON."""
    job, ledger = a_job(), InMemoryLedger()
    log = FakeJobLog([Record(JOBS, 0, 0, START, b"k", msgspec.json.encode(job), headers)])
    Acceptance(log, ledger, FakeDeadLetters(), FakeClock(), None, SenderTracer(provider, "g")).step()
    entry = ledger.find(job.id)
    assert entry is not None
    return JOB_DECODER.decode(msgspec.json.encode(entry.job))


def test_the_trace_survives_the_ledger(provider: TracerProvider, exporter: InMemorySpanExporter) -> None:
    job = taken_in(provider, ("traceparent", PARENT.encode()), ("tracestate", b"a=1"))
    entry = LedgerEntry(job, False, begin(Transition.ACCEPTED, START))
    SenderTracer(provider, "g").attempting(entry, ()).end(Transition.DELIVERED)
    taken, tried = exporter.get_finished_spans()
    assert isinstance(job.trace, TraceContext)
    assert job.trace.tracestate == "a=1"
    assert taken.context.trace_id == tried.context.trace_id == int(PARENT.split("-")[1], 16)
    assert tried.parent is not None
    assert tried.parent.span_id == taken.context.span_id


def test_a_digest_is_linked_to_what_it_lists(provider: TracerProvider, exporter: InMemorySpanExporter) -> None:
    carrier, other = a_job("e-2"), taken_in(provider)
    exporter.clear()
    entries = [LedgerEntry(one, False, begin(Transition.ACCEPTED, START)) for one in (other, carrier)]
    SenderTracer(provider, "g").attempting(entries[1], entries).end(Transition.DEFERRED)
    (tried,) = exporter.get_finished_spans()
    assert isinstance(other.trace, TraceContext)
    assert [f"{link.context.span_id:016x}" for link in tried.links] == [other.trace.ids["span_id"]]


EVENTS = 300
QUEUE = 20


def test_an_endpoint_that_does_not_answer_slows_nothing_and_memory_stays_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = FakeLog()
    for _ in range(EVENTS):
        log.event()
    with collector(answers=False) as found:
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", str(QUEUE))
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", str(QUEUE))
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.endpoint)
        with tracing("x") as tracers:
            consumer = working(log, tracers.events)
            while consumer.step(0.0).records:
                pass
            assert log.committed == EVENTS
            assert found.asked.wait(30)
            assert found.spans == [], "the control: nobody has answered yet"
            started = time.monotonic()
        assert time.monotonic() - started < CLOSE_SECONDS * 3
        found.answering.set()
    # What was on its way, and what waited then; the rest was dropped.
    assert len(found.spans) <= 3 * QUEUE


def test_an_endpoint_that_is_not_there_stops_nothing(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    log = FakeLog()
    log.event()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{unused_port}")
    with tracing("x") as tracers:
        working(log, tracers.events).step(0.0)
    assert log.committed == 1


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    """What still sends when a test is over is waited for: the next ones are to have the process for themselves."""
    yield
    for thread in threading.enumerate():
        if thread.name == CLOSING:
            thread.join(60)


@pytest.fixture
def unused_port(tmp_path: Path) -> int:
    with collector() as gone:
        return int(gone.endpoint.rpartition(":")[2])
