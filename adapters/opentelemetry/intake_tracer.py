"""A span for each post on its way into the log."""

from __future__ import annotations

from typing import Final

from opentelemetry.trace import Span, SpanKind, TracerProvider

from adapters.opentelemetry.spans import context_of, mark_failed, parent_of
from intake.tracing import PostTrace
from schemas.trace_context import TraceContext

_FAILED: Final = frozenset({"unavailable", "unsecured", "failed"})
"""What our side is to blame for (OpenTelemetry's semantic conventions for HTTP: of a server, 5xx alone)."""


class IntakeTracer:
    """An intake.tracing.PostTracer. A span lasts from when a post is whole until its event is in the log."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("tocsin.intake")

    def begin(self, to: str, found: TraceContext | None) -> PostTrace:
        """See intake.tracing.PostTracer."""
        kind, _, hook = to.partition("/")
        route = "/v1/hooks/{name}" if kind == "hooks" else "/v1/events"
        attributes = {"http.request.method": "POST", "http.route": route} | ({"tocsin.hook": hook} if hook else {})
        return _PostSpan(self._tracer.start_span(f"POST {route}", parent_of(found), SpanKind.SERVER, attributes))


class _PostSpan:
    def __init__(self, span: Span) -> None:
        self._span = span
        self._context = context_of(span)

    @property
    def context(self) -> TraceContext | None:
        return self._context

    def end(self, became: str, event: str | None) -> None:
        self._span.set_attribute("tocsin.became", became)
        if event is not None:
            self._span.set_attribute("tocsin.event_id", event)
        if became in _FAILED:
            mark_failed(self._span, became)
        self._span.end()
