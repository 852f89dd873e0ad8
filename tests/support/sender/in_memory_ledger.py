"""A ledger without a disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import JOB_DECODER, Job
from schemas.log import NewRecord
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.topics import SUPPRESSIONS
from sender.ledger.outbox import suppression_record
from sender.ledger.port import Retention
from sender.ledger.restrictions import Pause
from sender.ledger.waits import TOLD_FOR, Wait
from sender.privacy.forgetting import Blanked, Forgetting, Forgotten
from sender.records import Admission, Entry, Report, lane_of, reader_of, recipient_of
from sender.states import Hold, State, Transition
from sender.storms.digests import LEAVES_ITS_DIGEST, HeldJob, digests, release_reports, storm_report, unbundled_report
from sender.storms.storm import StormEnd, StormPolicy, ends_at, saved_at
from sender.suppressions.standing import Subjects, adds_nothing, stands_for, subjects_of
from tests.support.sender.in_memory_jobs import InMemoryJobs, Kept

EPOCH = datetime.fromtimestamp(0, UTC)
"""A storm that began then is over by any policy."""

__all__ = ["InMemoryLedger", "Kept"]

_SUPPRESSION = msgspec.json.Decoder(SuppressionRecord)


class InMemoryLedger(InMemoryJobs):
    """Jobs in a dictionary, and what keeps them back. Its steps are methods, so that a test can break one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.storms: dict[str, tuple[datetime, datetime]] = {}
        self.suppressed: dict[str, SuppressionRecord] = {}
        self.paused: list[Pause] = []
        self.noted: list[Forgotten] = []
        self.told_waits: tuple[datetime, Sequence[Wait]] = (EPOCH, ())

    def accept_one(self, job: Job, now: datetime, storm: StormPolicy) -> Admission:
        admission = super().accept_one(job, now, storm)
        if admission in (Admission.ACCEPTED, Admission.DIVERTED) and self.is_buried(job, now, storm):
            self.record([storm_report(job.id, storm)], now)
        return admission

    def is_buried(self, job: Job, now: datetime, storm: StormPolicy) -> bool:
        if storm.limit == 0:
            return False
        recipient = recipient_of(job)
        began = self.storms.get(recipient)
        if began is None and self.saves(job, storm) <= storm.limit:
            return False
        self.storms[recipient] = (began[0] if began else now, now)
        return True

    def saves(self, job: Job, storm: StormPolicy) -> int:
        """How many jobs of the recipient tell of saves in the window that ends with this one's."""
        last, recipient = saved_at(job), recipient_of(job)
        entries = [kept.entry for kept in self.jobs.values() if kept.entry.standing.state is not State.DROPPED]
        moments = [saved_at(one.job) for one in entries if recipient_of(one.job) == recipient]
        return sum(last - storm.window < moment <= last for moment in moments)

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        over = [recipient for recipient, times in self.storms.items() if ends_at(storm, *times) <= now][:limit]
        for recipient in over:
            del self.storms[recipient]
            if storm.end is StormEnd.DIGEST:
                self.let_go(recipient, storm, now)
        return len(over)

    def let_go(self, recipient: str, storm: StormPolicy, now: datetime) -> None:
        jobs = [self.held_job(kept.entry, place) for place, kept in enumerate(self.jobs.values())]
        held = [one for one in jobs if self.is_held(self.jobs[one.job].entry, recipient)]
        others = [(one.lane, one.place) for one in jobs if one not in held and self.jobs[one.job].open]
        for group in self.groups(held, others, storm.digest_size):
            first, *rest = release_reports(group, now)
            assert self.record([first, *rest], now) == []
            for report in rest:
                self.jobs[report.job].carrier = first.job

    def held_job(self, entry: Entry, place: int) -> HeldJob:
        job = entry.job
        return HeldJob(job.id, entry.standing.attempt, lane_of(job), place, reader_of(str(job.person)))

    def is_held(self, entry: Entry, recipient: str) -> bool:
        return entry.standing.hold is Hold.STORM and recipient_of(entry.job) == recipient

    def groups(self, held: list[HeldJob], others: list[tuple[str, int]], size: int) -> list[list[HeldJob]]:
        return digests(held, others, size)

    def bundle(self, carrier: str) -> list[Entry]:
        return [kept.entry for kept in self.jobs.values() if kept.carrier == carrier]

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
        return True

    def follow_carrier(self, before: Entry, report: Report, now: datetime) -> None:
        carrier = self.jobs[report.job]
        for kept in [self.jobs[entry.job.id] for entry in self.bundle(report.job)]:
            standing = kept.entry.standing
            if carrier.entry.standing.unknowns > before.standing.unknowns:
                kept.entry = replace(kept.entry, standing=replace(standing, unknowns=standing.unknowns + 1))
            job, attempt = kept.entry.job.id, standing.attempt
            if report.transition in LEAVES_ITS_DIGEST:
                self.record([unbundled_report(job, attempt)], now)
                self.storms.setdefault(recipient_of(kept.entry.job), (EPOCH, now))
            elif not carrier.open:
                self.record([Report(job, attempt, report.transition, code=report.code, text=report.text)], now)

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
        self, entry: Entry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        subjects = subjects_of(entry, pseudonyms)
        return next((one for one in self.suppressed.values() if self.stands_for(one, entry, subjects, now)), None)

    def stands_for(self, record: SuppressionRecord, entry: Entry, subjects: Subjects, now: datetime) -> bool:
        return stands_for(record, entry, subjects, now)

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

    def is_of(self, entry: Entry, customer: str | None, template: str | None) -> bool:
        return entry.job.customer == customer if template is None else entry.form.template == template

    def resume_at_once(self, entry: Entry, now: datetime) -> None:
        if entry.standing.hold is Hold.PAUSED and not self.is_paused(entry):
            words = "no longer paused"
            report = Report(entry.job.id, entry.standing.attempt, Transition.RESUMED, now, text=words)
            self.record([report], now)

    def is_paused(self, entry: Entry) -> bool:
        return any(self.is_of(entry, one.customer, one.template) for one in self.paused)

    def pauses(self) -> list[Pause]:
        return sorted(self.paused, key=lambda one: one.since)

    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        self.storms = {one: times for one, times in self.storms.items() if times[1] > now - retention.finished}
        over = [one for one in self.suppressed.values() if self.is_over(one, now - retention.finished)][:limit]
        return sum(self.lift(one.id, now) for one in over) + super().prune(now, retention, limit)

    def is_over(self, record: SuppressionRecord, before: datetime) -> bool:
        return record.until is not None and record.until <= before

    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        self.told_waits = (now, waits)

    def waits(self, now: datetime) -> Sequence[Wait]:
        at, waits = self.told_waits
        return sorted(waits, reverse=True) if at >= now - TOLD_FOR else []
