"""A trace goes on from whoever posts to the event: with traces of ours, and where they are off."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from adapters.opentelemetry.intake_tracer import IntakeTracer
from adapters.opentelemetry.provider import new_provider
from adapters.prometheus.intake_metrics import IntakeMetrics
from intake.acceptance import Acceptance, Accepted, EventAcceptance, Refused, Repeated
from intake.cloudevents.reading import EVENT
from intake.hooks import Hooks
from intake.post import Post
from intake.tracing import UNTRACED, PostTracer
from schemas.log import Record
from schemas.trace_context import trace_context_of
from tests.intake.posts import RECEIVED
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW, envelope
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.intake.in_memory_states import InMemoryTicketStates
from tests.support.intake.mappings import mapping
from tocsin.services.intake.posts import OUTCOMES, MonitoredPosts, Posts

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
SECRET = "the-secret-of-this-helpdesk"
DESK = """
about: A helpdesk of the tests.
signature: {scheme: bearer}
delivery: $.delivery
ticket:
  id: $.id
  status: $.status
"""


class Intake:
    """An intake on fakes; the records that it wrote, as engines find the trace in them."""

    def __init__(self, tracer: PostTracer) -> None:
        self.sink, clock = InMemoryEventSink(), Still(RECEIVED)
        desk = mapping(DESK)
        acceptance = Acceptance(InMemoryTicketStates(), self.sink, clock)
        hooks: Any = Hooks({"desk": desk}.get, {"desk": [SECRET]}, Nowhere(), acceptance)
        posts = Posts(EventAcceptance(self.sink, Still(NOW)).take, hooks, clock, tracer=tracer)
        self.posts = MonitoredPosts(IntakeMetrics(CollectorRegistry(), OUTCOMES), posts)

    def hook(self, traceparent: str | None, delivery: str = "d-1", status: Any = "new") -> Any:
        body = {"id": "T-1", "status": status, "delivery": delivery}
        headers = {"authorization": f"Bearer {SECRET}"} | ({} if traceparent is None else {"traceparent": traceparent})
        return self.posts.take("desk", Post(json.dumps(body).encode(), headers, RECEIVED))

    def traces(self) -> list[str | None]:
        records = [Record(one.topic, 0, 0, NOW, one.key, one.value, tuple(one.headers)) for one in self.sink.records]
        return [None if one is None else one.traceparent for one in map(trace_context_of, records)]


class Nowhere:
    """A directory without contracts."""

    def contracts(self, **_: Any) -> tuple[str, ...]:
        return ()


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(spans: InMemorySpanExporter) -> Intake:
    provider = new_provider("tocsin-intake")
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Intake(IntakeTracer(provider))


def test_where_traces_are_off_the_event_carries_on_what_came() -> None:
    intake = Intake(UNTRACED)
    intake.hook(PARENT)
    intake.hook(None, "d-2")
    intake.hook("00-rubbish", "d-3")
    assert intake.traces() == [PARENT, None, None]


def test_a_webhook_s_event_belongs_to_the_span_of_its_post(traced: Intake, spans: InMemorySpanExporter) -> None:
    assert isinstance(traced.hook(PARENT), Accepted)
    [span] = spans.get_finished_spans()
    assert (span.name, span.context.trace_id, span.parent and span.parent.span_id) == (
        "POST /v1/hooks/{name}",
        int(TRACE, 16),
        int(SPAN, 16),
    )
    [found] = traced.traces()
    assert found == f"00-{TRACE}-{span.context.span_id:016x}-01"
    event = json.loads(traced.sink.records[0].value or b"")
    told = dict(span.attributes or {})
    assert (told["tocsin.became"], told["tocsin.event_id"], told["tocsin.hook"]) == ("accepted", event["id"], "desk")


def test_a_repeat_leads_to_the_same_event_under_the_trace_of_the_first(traced: Intake) -> None:
    traced.hook(PARENT)
    assert isinstance(traced.hook(None), Repeated)
    assert len(traced.sink.records) == 1


def test_events_carry_the_span_on_as_a_header_of_each_record(traced: Intake, spans: InMemorySpanExporter) -> None:
    body = json.dumps(envelope(data={"previous": None})).encode()
    headers = [(b"content-type", EVENT.encode()), (b"traceparent", PARENT.encode())]
    assert isinstance(traced.posts.events(headers, body), Accepted)
    [span] = spans.get_finished_spans()
    assert traced.traces() == [f"00-{TRACE}-{span.context.span_id:016x}-01"]


def test_what_is_refused_ends_its_span_without_an_error_of_ours(traced: Intake, spans: InMemorySpanExporter) -> None:
    assert isinstance(traced.posts.events([(b"content-type", EVENT.encode())], b"rubbish"), Refused)
    [span] = spans.get_finished_spans()
    assert (dict(span.attributes or {})["tocsin.became"], span.status.is_ok) == ("refused", True)
    # No words of a post are in it.
    assert "rubbish" not in str(span.to_json())
