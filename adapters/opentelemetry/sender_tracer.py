"""A span for taking a job in, and one for each try to deliver it, within the trace of the event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.trace import Span, SpanKind, TracerProvider

from adapters.opentelemetry.spans import context_of, link_to, mark_failed, parent_of, processing
from schemas.job import Job
from schemas.log import Record
from schemas.trace_context import TraceContext, trace_context_of
from sender.records import Admission, LedgerEntry
from sender.replies.reply import Reply
from sender.states import Transition
from sender.tracing import JobTrace

_WELL: Final = frozenset({*Admission, Transition.DELIVERED})
_MOST_LINKS: Final = 50


class SenderTracer:
    """A sender.tracing.Tracer. A try is a child of the taking in of its job, also where days lie between."""

    def __init__(self, provider: TracerProvider, group: str, system: str = "kafka") -> None:
        self._tracer = provider.get_tracer("tocsin.sender")
        self._group = group
        self._system = system

    def accepting(self, record: Record, job: Job) -> JobTrace:
        """See sender.tracing.Tracer."""
        span = processing(self._tracer, record, trace_context_of(record), self._system, self._group)
        return _JobSpan(span, job)

    def attempting(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> JobTrace:
        """See sender.tracing.Tracer."""
        job = entry.job
        others = [one.job.trace for one in listed[:_MOST_LINKS] if one.job.id != job.id]
        span = self._tracer.start_span(
            f"deliver {job.channel.value}",
            parent_of(_kept(job)),
            SpanKind.CLIENT,
            {"tocsin.attempt": entry.standing.attempt},
            [link_to(one) for one in others if isinstance(one, TraceContext)],
        )
        return _JobSpan(span, job)


class _JobSpan:
    def __init__(self, span: Span, job: Job) -> None:
        self._span = span
        self._context = context_of(span)
        ids = {"job_id": job.id, "event_id": job.event, "ticket_id": job.ticket, "channel": job.channel.value}
        for name, value in ids.items():
            span.set_attribute(f"tocsin.{name}", value)

    @property
    def context(self) -> TraceContext | None:
        return self._context

    def end(self, outcome: Admission | Transition | None, reply: Reply | None = None) -> None:
        span = self._span
        if outcome is not None:
            span.set_attribute("tocsin.outcome", outcome.value)
        if reply is not None and reply.code is not None:
            span.set_attribute("tocsin.reply_code", reply.code)
        if outcome not in _WELL:
            mark_failed(span, "broken_off" if outcome is None else outcome.value)
        span.end()


def _kept(job: Job) -> TraceContext | None:
    return job.trace if isinstance(job.trace, TraceContext) else None
