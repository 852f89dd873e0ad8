"""Tracing with OpenTelemetry, as a port: a span for the acceptance of a job, and one for each attempt to deliver it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schemas.job import Job
from schemas.log import Record
from schemas.trace_context import TraceContext
from sender.records import Admission, LedgerEntry
from sender.replies.reply import Reply
from sender.states import Transition


class JobTrace(Protocol):
    """The span of one step of a job: its acceptance, or one attempt. It is ended once; never fails."""

    @property
    def context(self) -> TraceContext | None:
        """The trace context that is kept with the job; None where nothing is traced."""
        ...

    def end(self, outcome: Admission | Transition | None, reply: Reply | None = None) -> None:
        """What came of the step; None where it was broken off and comes again."""
        ...


class Tracer(Protocol):
    """Begins spans. Never fails, and waits for nothing outside."""

    def accepting(self, record: Record, job: Job) -> JobTrace:
        """A job came; its trace is that with which its record came."""
        ...

    def attempting(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> JobTrace:
        """An attempt begins; its trace is the job's. `listed` are the jobs in its digest."""
        ...


class Untraced:
    """Traces nothing: it is the tracer, and the span of every step."""

    context: TraceContext | None = None

    def accepting(self, record: Record, job: Job) -> JobTrace:  # noqa: ARG002 - of the port
        """See Tracer."""
        return self

    def attempting(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> JobTrace:  # noqa: ARG002 - likewise
        """See Tracer."""
        return self

    def end(self, outcome: Admission | Transition | None, reply: Reply | None = None) -> None:
        """See JobTrace."""
