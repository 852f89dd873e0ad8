"""Suppressions and pauses in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.directory import SuppressionRecord
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from sender.ledger.outbox import suppression_record
from sender.ledger.restrictions import Pause
from sender.records import LedgerEntry, Report
from sender.states import Hold, Transition
from sender.suppressions.standing import Subjects, adds_nothing, stands_for, subjects_of
from tests.support.sender.in_memory_queue import InMemoryQueue


class InMemoryRestrictions(InMemoryQueue):
    """Kept beside the jobs, some of which pauses hold."""

    def __init__(self) -> None:
        super().__init__()
        self.suppressed: dict[str, SuppressionRecord] = {}
        self.paused: list[Pause] = []

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        return sum(self.suppress_one(record) for record in records)

    def suppress_one(self, record: SuppressionRecord) -> bool:
        known = self.suppressed.get(record.id)
        if known is None or not adds_nothing(record, known):
            self.suppressed[record.id] = record
            self.tell(suppression_record(record))
        return known is None

    def lift(self, suppression: str, now: datetime) -> bool:
        known = self.suppressed.pop(suppression, None)
        if known is not None:
            self.tell(suppression_record(known, lifted=True))
        return known is not None

    def suppressions(self, limit: int, after: str = "") -> list[SuppressionRecord]:
        return [self.suppressed[one] for one in sorted(self.suppressed) if one > after][:limit]

    def suppressing(
        self, entry: LedgerEntry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        subjects = subjects_of(entry, pseudonyms)
        return next((one for one in self.suppressed.values() if self.stands_for(one, entry, subjects, now)), None)

    def stands_for(self, record: SuppressionRecord, entry: LedgerEntry, subjects: Subjects, now: datetime) -> bool:
        return stands_for(record, entry, subjects, now)

    def pause(self, pause: Pause) -> None:
        if all((one.customer, one.template) != (pause.customer, pause.template) for one in self.paused):
            self.paused.append(pause)

    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        ended = [one for one in self.paused if (one.customer, one.template) == (customer, template)]
        self.paused = [one for one in self.paused if one not in ended]
        for entry in [kept.entry for kept in self.jobs.values()] if ended else []:
            if self.is_of(entry, customer, template):
                self.resume_at_once(entry, now)
        return bool(ended)

    def is_of(self, entry: LedgerEntry, customer: str | None, template: str | None) -> bool:
        return entry.job.customer == customer if template is None else entry.form.template == template

    def resume_at_once(self, entry: LedgerEntry, now: datetime) -> None:
        if entry.standing.hold is Hold.PAUSED and not self.is_paused(entry):
            words = "no longer paused"
            report = Report(entry.job.id, entry.standing.attempt, Transition.RESUMED, now, text=words)
            self.record([report], now)

    def is_paused(self, entry: LedgerEntry) -> bool:
        return any(self.is_of(entry, one.customer, one.template) for one in self.paused)

    def pauses(self) -> list[Pause]:
        return sorted(self.paused, key=lambda one: one.since)

    def is_over(self, record: SuppressionRecord, before: datetime) -> bool:
        return record.until is not None and record.until <= before
