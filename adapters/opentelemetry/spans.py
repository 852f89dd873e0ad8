"""Between the SDK's spans and our trace contexts, and what all spans have in common."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.log import Record
from schemas.trace_context import TraceContext

Attributes = Mapping[str, str | int | bool]

_PROPAGATOR = TraceContextTextMapPropagator()


def parent_of(found: TraceContext | None) -> Context:
    """The SDK's form of a context that came; without one, a trace begins."""
    if found is None:
        return Context()
    carrier = {"traceparent": found.traceparent} | ({"tracestate": found.tracestate} if found.tracestate else {})
    return _PROPAGATOR.extract(carrier, Context())


def link_to(found: TraceContext) -> Link:
    """A link to the span of a context that came."""
    return Link(trace.get_current_span(parent_of(found)).get_span_context())


def context_of(span: Span) -> TraceContext | None:
    """What a span hands on; None where it is part of no trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span, Context()))
    parent = carrier.get("traceparent")
    return None if parent is None else TraceContext(parent, carrier.get("tracestate"))


def processing(tracer: Tracer, record: Record, found: TraceContext | None, system: str, group: str) -> Span:
    """The span of working on one record (OpenTelemetry's semantic conventions for messaging)."""
    attributes: Attributes = {
        "messaging.system": system,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.consumer.group.name": group,
    }
    return tracer.start_span(f"process {record.topic}", parent_of(found), SpanKind.CONSUMER, attributes)


def mark_failed(span: Span, kind: str) -> None:
    """The step failed, with this class of error: no message, which may hold a value."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
