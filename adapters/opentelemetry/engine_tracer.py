"""A span for each event on its way through the engine."""

from __future__ import annotations

from opentelemetry.trace import Span, TracerProvider

from adapters.opentelemetry.spans import context_of, mark_failed, processing
from engine.decide import Decision
from engine.ports import EventTrace
from schemas.dead_letter import Cause
from schemas.log import Record
from schemas.trace_context import TraceContext, trace_context_of


class EngineTracer:
    """An engine.ports.Tracer. A span lasts from when its event is taken up until its batch is committed."""

    def __init__(self, provider: TracerProvider, group: str, system: str = "kafka") -> None:
        self._tracer = provider.get_tracer("tocsin.engine")
        self._group = group
        self._system = system

    def begin(self, record: Record) -> EventTrace:
        """See engine.ports.Tracer."""
        return _EventSpan(processing(self._tracer, record, trace_context_of(record), self._system, self._group))


class _EventSpan:
    def __init__(self, span: Span) -> None:
        self._span = span
        self._context = context_of(span)

    @property
    def context(self) -> TraceContext | None:
        return self._context

    def end(self, decision: Decision | None, cause: Cause | None) -> None:
        if decision is not None:
            self._tell(decision)
        if cause is not None:
            mark_failed(self._span, str(cause.code))
        self._span.end()

    def fail(self, error: BaseException) -> None:
        mark_failed(self._span, type(error).__name__)
        self._span.end()

    def _tell(self, decision: Decision) -> None:
        span = self._span
        span.set_attribute("messaging.message.id", decision.event.id)
        span.set_attribute("tocsin.event_id", decision.event.id)
        span.set_attribute("tocsin.ticket_id", decision.event.ticket.id)
        span.set_attribute("tocsin.triggers", [trigger.value for trigger in decision.triggers])
        span.set_attribute("tocsin.jobs", len(decision.jobs))
        if decision.reason is not None:
            span.set_attribute("tocsin.reason", decision.reason.value)
