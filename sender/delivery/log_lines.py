"""What lines of the log say of jobs: ids and states. No address, no text, no word of a relay."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from schemas.dead_letter import Cause, claimed_id
from schemas.job import Job
from schemas.log import Record
from schemas.trace_context import TraceContext
from sender.delivery.attempt import Tried
from sender.records import Admission
from sender.states import Transition

_log: Final = logging.getLogger(__name__)

_BAD_ENDS: Final = frozenset(
    {Transition.REFUSED, Transition.GAVE_UP, Transition.LEFT_UNKNOWN, Transition.EXPIRED, Transition.LAPSED}
)


def tell_admissions(jobs: Sequence[Job], admissions: Sequence[Admission]) -> None:
    """A line for each job that came."""
    for job, admission in zip(jobs, admissions, strict=True):
        _log.info("job_taken_in", extra={**_ids(job), "admission": admission.value})


def tell_dead_letter(record: Record, cause: Cause) -> None:
    """A line for a record that is no job."""
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    _log.warning("dead_lettered", extra={**place, "job_id": claimed_id(record), "error": cause.code})


def tell_change(tried: Tried) -> None:
    """A line for a job that changed, and one for each that is listed in its digest."""
    entry, report, reply = tried.entry, tried.report, tried.reply
    level = logging.WARNING if report.transition in _BAD_ENDS else logging.INFO
    fields: dict[str, Any] = {"transition": report.transition.value, "attempt": report.attempt}
    if reply is not None:
        answer = {
            "reply": reply.kind,
            "code": reply.code,
            "status": reply.status,
            "stage": reply.stage,
            "why": reply.why,
        }
        fields |= {name: value for name, value in answer.items() if value is not None}
    if report.hold is not None:
        fields["hold"] = report.hold.value
    if report.until is not None:
        fields["next_try"] = report.until.isoformat()
    _log.log(level, "job_changed", extra=_ids(entry.job, tried.trace) | fields)
    for one in tried.listed:
        if one.job.id != entry.job.id:
            _log.log(level, "job_changed", extra=_ids(one.job) | fields | {"carrier": entry.job.id})
    if report.fault is not None:
        _log.warning("template_failed", extra=_ids(entry.job) | {"template": entry.form.template})


def tell_void(tried: Tried) -> None:
    """A line for an answer that came when its job was no longer waiting for it."""
    fields = {"transition": tried.report.transition.value, "attempt": tried.report.attempt}
    _log.warning("answer_too_late", extra=_ids(tried.entry.job, tried.trace) | fields)


def _ids(job: Job, trace: TraceContext | None = None) -> dict[str, Any]:
    ids = {"job_id": job.id, "event_id": job.event, "ticket_id": job.ticket, "channel": job.channel.value}
    traced = trace or job.trace
    return ids | traced.ids if isinstance(traced, TraceContext) else ids
