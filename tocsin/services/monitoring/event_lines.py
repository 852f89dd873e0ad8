"""What lines of the log say of a batch: a line for each record, and one for the whole. Ids and reasons alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import structlog

from engine.consumer import Batch, Handled
from engine.decide import Decision
from schemas.dead_letter import claimed_id

log = structlog.get_logger()


def tell_batch(batch: Batch) -> None:
    """Say what became of the records of a batch, once that is committed."""
    if not batch.records:
        return
    # Bound once: that is a third of what a line costs.
    line = log.bind()
    for one in batch.handled:
        ids = _ids(one)
        if one.decision is not None:
            line.info("decided", **ids, **_fate(one.decision))
        if one.cause is not None:
            line.warning("dead_lettered", **ids, error=str(one.cause.code))
    decisions = batch.decisions
    jobs = sum(len(decision.jobs) for decision in decisions)
    line.info("batch_decided", events=len(decisions), jobs=jobs, dead_letters=len(batch.dead_letters))


def _ids(one: Handled) -> dict[str, Any]:
    record, decision = one.record, one.decision
    ids: dict[str, Any] = {"event_id": claimed_id(record)} if decision is None else _ids_of(decision)
    ids |= {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return ids if one.trace.context is None else ids | one.trace.context.ids


def _ids_of(decision: Decision) -> dict[str, Any]:
    return {"event_id": decision.event.id, "ticket_id": decision.event.ticket.id}


def _fate(decision: Decision) -> dict[str, Any]:
    """How many are alerted of what; where it is nobody, why."""
    fate: dict[str, Any] = {"triggers": [trigger.value for trigger in decision.triggers], "jobs": len(decision.jobs)}
    if decision.jobs:
        return fate
    if decision.reason is not None:
        return fate | {"reason": decision.reason.value}
    # Sorted, so that two lines about the same case are the same.
    reasons = Counter(skip.reason.value for skip in decision.skipped)
    return fate | {"reasons": [f"{reason}: {number}" for reason, number in sorted(reasons.items())]}
