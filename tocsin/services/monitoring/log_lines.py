"""What the log says of a batch of events: ids, places and reasons alone."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from engine.consumer import Batch, Handled
from engine.decide import Decision
from engine.placement import Misplaced
from schemas.dead_letter import claimed_id
from tocsin.logs.setup import QUIET_SECONDS

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


class MisplacedLines:
    """Tells of records that stand in the wrong place: one line a minute, with one of them as an example.

    The line has its place and the ticket's id. It has no key, since a wrong key may be anything, even an address.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._quiet_until = -math.inf
        self._untold = 0

    def tell(self, found: Sequence[Misplaced]) -> None:
        """These were found. `records` in the line counts all since the line before."""
        self._untold += len(found)
        now = self._monotonic()
        if not found or now < self._quiet_until:
            return
        one = found[0]
        log.warning(
            "records_misplaced",
            records=self._untold,
            ticket_id=one.ticket,
            topic=one.record.topic,
            partition=one.record.partition,
            offset=one.record.offset,
            why=[why.value for why in one.why],
            belongs_in=one.belongs_in,
        )
        self._quiet_until, self._untold = now + QUIET_SECONDS, 0
