"""A ledger without a disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import JOB_DECODER
from schemas.log import NewRecord
from schemas.topics import SUPPRESSIONS
from sender.ledger.port import Retention
from sender.ledger.waits import TOLD_FOR, Wait
from sender.privacy.forgetting import Blanked, Forgetting, Forgotten
from sender.records import Report, recipient_of
from sender.states import Hold, State
from tests.support.sender.in_memory_listing import Kept
from tests.support.sender.in_memory_restrictions import InMemoryRestrictions
from tests.support.sender.in_memory_storms import EPOCH, InMemoryStorms

__all__ = ["InMemoryLedger", "Kept"]

_SUPPRESSION = msgspec.json.Decoder(SuppressionRecord)


class InMemoryLedger(InMemoryStorms, InMemoryRestrictions):
    """All parts of the ledger. Its steps are methods, so that a test can break one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Forgotten] = []
        self.told_waits: tuple[datetime, Sequence[Wait]] = (EPOCH, ())

    def record_one(self, report: Report, now: datetime) -> bool:
        before = self.find(report.job)
        if before is None or not super().record_one(report, now):
            return False
        if report.suppress is not None:
            self.suppress([report.suppress], now)
        if before.standing.digest:
            self.follow_carrier(before, report, now)
        elif report.hold is Hold.STORM and before.standing.state is State.BUNDLED:
            self.storms.setdefault(recipient_of(self.jobs[report.job].entry.job), (EPOCH, now))
        self.resume_at_once(self.jobs[report.job].entry, now)
        self.bring_back(before, now)
        return True

    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        places = list(self.jobs.values())[after : after + limit]
        if after == 0:
            self.records = dict(self.blanked_records(forgetting))
        own = [kept for kept in places if forgetting.is_theirs(kept.entry.job)]
        finished = [kept for kept in own if not kept.open]
        others = sum(self.blank_other(kept, forgetting) for kept in places if kept not in own and not kept.open)
        for kept in finished:
            self.blank_own(kept, forgetting)
        further = after + limit if len(places) == limit else None
        return Blanked(further, len(finished), others, len(own) - len(finished))

    def blanked_records(self, forgetting: Forgetting) -> Iterator[tuple[int, NewRecord]]:
        for number, record in self.records.items():
            value = None if record.value is None else forgetting.value(record.value)
            is_suppression = record.topic == SUPPRESSIONS and record.value is not None
            if not is_suppression or not forgetting.is_subject(_SUPPRESSION.decode(record.value or b"")):
                yield number, replace(record, value=value)

    def blank_own(self, kept: Kept, forgetting: Forgetting) -> None:
        kept.entry = replace(kept.entry, job=forgetting.job(kept.entry.job))
        kept.history = [replace(change, text=None, fault=None) for change in kept.history]

    def blank_other(self, kept: Kept, forgetting: Forgetting) -> bool:
        before = kept.entry.job
        job = JOB_DECODER.decode(forgetting.context(msgspec.json.encode(before)))
        kept.entry = replace(kept.entry, job=job)
        return job != before

    def note_forgotten(self, one: Forgotten) -> None:
        self.noted.append(one)

    def forgotten(self, limit: int) -> Sequence[Forgotten]:
        return sorted(self.noted, reverse=True)[:limit]

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        self.storms = {one: times for one, times in self.storms.items() if times[1] > now - retention.finished}
        over = [one for one in self.suppressed.values() if self.is_over(one, now - retention.finished)][:limit]
        return sum(self.lift(one.id, now) for one in over) + super().prune(now, retention, limit)

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        self.told_waits = (now, waits)

    def waits(self, now: datetime) -> Sequence[Wait]:
        at, waits = self.told_waits
        return sorted(waits, reverse=True) if at >= now - TOLD_FOR else []
