"""Ledgers that break one promise on suppressions, pauses, outbox or lists each: the controls of the contract."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import Job, PersonRef
from schemas.log import NewRecord
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.topics import SUPPRESSIONS
from sender.ledger.claimable import ANY, Claimable
from sender.ledger.outbox import Outbound, suppression_record
from sender.ledger.port import Retention
from sender.ledger.restrictions import Pause
from sender.ledger.waits import Wait
from sender.records import Admission, LedgerEntry, Listed, Report, Selection, Subject, subject_of
from sender.states import Standing, State, Transition
from sender.storms.storm import StormPolicy
from sender.suppressions.standing import Subjects
from tests.contract import listing_promises, outbox_promises, suppression_promises, wait_promises
from tests.contract.ledger_promises import Promise
from tests.support.sender.in_memory_ledger import InMemoryLedger, Kept


class KeepsTheOlderOne(InMemoryLedger):
    def suppress_one(self, record: SuppressionRecord) -> bool:
        return record.id not in self.suppressed and super().suppress_one(record)


class KeepsWhatIsNoChange(InMemoryLedger):
    def suppress_one(self, record: SuppressionRecord) -> bool:
        known = self.suppressed.pop(record.id, None)
        super().suppress_one(record)
        return known is None


class ComparesAddressesAsText(InMemoryLedger):
    def stands_for(self, record: SuppressionRecord, entry: LedgerEntry, subjects: Subjects, now: datetime) -> bool:
        return record.address in (None, entry.job.address) and super().stands_for(record, entry, subjects, now)


class OverlooksTheChannel(InMemoryLedger):
    def stands_for(self, record: SuppressionRecord, entry: LedgerEntry, subjects: Subjects, now: datetime) -> bool:
        return super().stands_for(replace(record, channel=None), entry, subjects, now)


class OverlooksTriggers(InMemoryLedger):
    def stands_for(self, record: SuppressionRecord, entry: LedgerEntry, subjects: Subjects, now: datetime) -> bool:
        return super().stands_for(replace(record, triggers=None), entry, subjects, now)


class SuppressesForEver(InMemoryLedger):
    def stands_for(self, record: SuppressionRecord, entry: LedgerEntry, subjects: Subjects, now: datetime) -> bool:
        return super().stands_for(replace(record, until=None), entry, subjects, now)


class RecognisesOneSecret(InMemoryLedger):
    def suppressing(
        self, entry: LedgerEntry, now: datetime, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> SuppressionRecord | None:
        return super().suppressing(entry, now, Pseudonyms(["a secret of today"]))


class ForgetsWhatStands(InMemoryLedger):
    def is_over(self, record: SuppressionRecord, before: datetime) -> bool:
        return record.until is not None and record.until <= before + timedelta(hours=2)


class SuppressesByVoidReports(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        if report.suppress is not None:
            self.suppress_one(report.suppress)
        return super().record_one(report, now)


class PausesAnew(InMemoryLedger):
    def pause(self, pause: Pause) -> None:
        self.paused = [one for one in self.paused if one.customer != pause.customer]
        super().pause(pause)


class ResumesNobody(InMemoryLedger):
    def is_of(self, entry: LedgerEntry, customer: str | None, template: str | None) -> bool:
        return False


class ForgetsTheOtherPause(InMemoryLedger):
    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        others, self.paused = self.paused, [one for one in self.paused if one.customer == customer]
        ended = super().resume(customer, template, now)
        self.paused = [one for one in others if (one.customer, one.template) != (customer, template)]
        return ended


class AsksTheFirstTemplate(InMemoryLedger):
    def is_of(self, entry: LedgerEntry, customer: str | None, template: str | None) -> bool:
        return super().is_of(replace(entry, diverted=False), customer, template)


class HoldsForPausesThatEnded(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        self.deaf = report.transition is Transition.HELD
        return super().record_one(report, now)

    def is_paused(self, entry: LedgerEntry) -> bool:
        return self.deaf or super().is_paused(entry)


class TellsOnlyTheEnd(InMemoryLedger):
    def keep(self, standing: Standing, report: Report, now: datetime) -> None:
        told = self.told
        super().keep(standing, report, now)
        if report.transition is Transition.DEFERRED and self.told > told:
            del self.records[self.told]


class TellsVoidReports(InMemoryLedger):
    def accept_one(self, job: Job, now: datetime, storm: StormPolicy) -> Admission:
        admission = super().accept_one(job, now, storm)
        if admission is Admission.DUPLICATE:
            self.tell(self.records[1])
        return admission


class KeepsBundlesQuiet(InMemoryLedger):
    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        records = dict(self.records)
        super().follow_carrier(before, report, now)
        self.records = records


class ResumesQuietly(InMemoryLedger):
    def resume(self, customer: str | None, template: str | None, now: datetime) -> bool:
        records = dict(self.records)
        ended = super().resume(customer, template, now)
        self.records = records
        return ended


class TellsWhatIsNoChange(InMemoryLedger):
    def suppress_one(self, record: SuppressionRecord) -> bool:
        if self.suppressed.get(record.id) == record:
            self.tell(suppression_record(record))
        return super().suppress_one(record)


class SuppressesQuietly(InMemoryLedger):
    def tell(self, record: NewRecord) -> None:
        if record.topic != SUPPRESSIONS:
            super().tell(record)


class PublishesOnReading(InMemoryLedger):
    def outbox(self, limit: int) -> builtins.list[Outbound]:
        found = super().outbox(limit)
        self.published([one.id for one in found])
        return found


class PrunesTheOutbox(InMemoryLedger):
    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        self.records.clear()
        return super().prune(now, retention, limit)


class BeginsEachPageAnew(InMemoryLedger):
    def list(self, selection: Selection, limit: int, before: str | None = None) -> builtins.list[Listed]:
        return super().list(selection, limit)


class TellsTheWrongTime(InMemoryLedger):
    def listed(self, kept: Kept) -> Listed:
        line = super().listed(kept)
        return replace(line, changed=line.accepted)


class TellsTheOldestOfEach(InMemoryLedger):
    def newest_of_each(self, subject: Subject, limit: int, after: str = "") -> list[Job]:
        oldest = {subject_of(kept.entry.job, subject): kept.entry.job for kept in reversed(self.jobs.values())}
        return [oldest[name] for name in sorted(oldest) if name > after][:limit]


class KnowsMailboxesAsWritten(InMemoryLedger):
    def people_at(self, address: str) -> list[PersonRef]:
        return sorted({kept.entry.job.person for kept in self.jobs.values() if kept.entry.job.address == address})


class SelectsAllPersons(InMemoryLedger):
    def is_selected(self, line: Listed, selection: Selection) -> bool:
        return super().is_selected(line, replace(selection, person=None))


class SelectsAllHolds(InMemoryLedger):
    def is_selected(self, line: Listed, selection: Selection) -> bool:
        return super().is_selected(line, replace(selection, hold=None))


class SelectsAllTimes(InMemoryLedger):
    def is_selected(self, line: Listed, selection: Selection) -> bool:
        return super().is_selected(line, replace(selection, since=None))


class SelectsAllCustomers(InMemoryLedger):
    def is_selected(self, line: Listed, selection: Selection) -> bool:
        return super().is_selected(line, replace(selection, customers=None))


class CountsAllTimes(InMemoryLedger):
    def counts(self, since: datetime | None = None) -> dict[State, int]:
        return super().counts()


class AvoidsNobody(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> builtins.list[LedgerEntry]:
        return super().claim(now, limit, lease)


class AvoidsDomainsAlone(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> builtins.list[LedgerEntry]:
        return super().claim(now, limit, lease, replace(which, not_recipients=()))


class ProbesByMany(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> builtins.list[LedgerEntry]:
        return super().claim(now, limit, lease, replace(which, alone=()))


class ClaimsAnyNumber(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> builtins.list[LedgerEntry]:
        return super().claim(now, limit, lease, replace(which, of_each=None))


class ClaimsAnyChannel(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> builtins.list[LedgerEntry]:
        return super().claim(now, limit, lease, replace(which, transport=None))


_KEEPING: dict[Promise, type[InMemoryLedger]] = {
    suppression_promises.suppressions_are_kept_by_their_ids: KeepsTheOlderOne,
    suppression_promises.a_suppression_that_says_nothing_new_is_kept_as_it_was: KeepsWhatIsNoChange,
    suppression_promises.a_suppression_stands_for_its_mailbox: ComparesAddressesAsText,
    suppression_promises.a_suppression_stands_for_its_person: OverlooksTheChannel,
    suppression_promises.a_suppression_stands_for_its_triggers: OverlooksTriggers,
    suppression_promises.a_suppression_ends: SuppressesForEver,
    suppression_promises.a_suppression_stands_for_who_was_forgotten: RecognisesOneSecret,
    suppression_promises.a_suppression_is_forgotten_after_its_end: ForgetsWhatStands,
    suppression_promises.a_report_brings_its_suppression_or_nothing: SuppressesByVoidReports,
    suppression_promises.pauses_are_kept_until_they_are_ended: PausesAnew,
    suppression_promises.the_end_of_a_pause_lets_go_what_it_held: ResumesNobody,
    suppression_promises.what_another_pause_holds_stays: ForgetsTheOtherPause,
    suppression_promises.a_template_is_that_under_which_a_job_goes_out: AsksTheFirstTemplate,
    suppression_promises.what_is_held_for_a_pause_that_has_ended_is_let_go: HoldsForPausesThatEnded,
}

_TELLING: dict[Promise, type[InMemoryLedger]] = {
    outbox_promises.every_change_but_a_claim_is_told: TellsOnlyTheEnd,
    outbox_promises.what_did_not_happen_is_not_told: TellsVoidReports,
    outbox_promises.storms_are_told: KeepsBundlesQuiet,
    outbox_promises.the_end_of_a_pause_is_told: ResumesQuietly,
    outbox_promises.changes_of_suppressions_are_told: TellsWhatIsNoChange,
    outbox_promises.the_suppression_of_a_report_is_told: SuppressesQuietly,
    outbox_promises.what_was_published_is_forgotten_alone: PublishesOnReading,
    outbox_promises.what_waits_to_be_published_outlives_its_job: PrunesTheOutbox,
}

_LISTING: dict[Promise, type[InMemoryLedger]] = {
    listing_promises.a_list_comes_page_by_page: BeginsEachPageAnew,
    listing_promises.a_line_tells_when_its_job_came_and_changed: TellsTheWrongTime,
    listing_promises.a_list_holds_what_was_selected: SelectsAllPersons,
    listing_promises.the_newest_job_of_each_ticket_and_person_is_found: TellsTheOldestOfEach,
    listing_promises.people_are_found_by_their_mailbox: KnowsMailboxesAsWritten,
    listing_promises.a_list_is_of_the_states_that_were_asked_for: SelectsAllHolds,
    listing_promises.a_list_is_of_the_times_that_were_asked_for: SelectsAllTimes,
    listing_promises.a_list_is_of_the_customers_that_may_be_seen: SelectsAllCustomers,
    listing_promises.jobs_are_counted_from_a_moment_on: CountsAllTimes,
    listing_promises.a_claim_leaves_alone_what_it_should_avoid: AvoidsNobody,
    listing_promises.a_claim_passes_by_mailboxes_that_wait: AvoidsDomainsAlone,
    listing_promises.of_a_mailbox_or_domain_in_doubt_one_job_goes_alone: ProbesByMany,
    listing_promises.of_one_mailbox_so_many_are_claimed: ClaimsAnyNumber,
    listing_promises.texts_are_claimed_by_their_channel: ClaimsAnyChannel,
}


class TellsNobody(InMemoryLedger):
    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        pass


class AddsToWhatItTold(InMemoryLedger):
    def tell_waits(self, waits: Sequence[Wait], now: datetime) -> None:
        super().tell_waits([*self.told_waits[1], *waits], now)


class BelievesTheDead(InMemoryLedger):
    def waits(self, now: datetime) -> Sequence[Wait]:
        return super().waits(self.told_waits[0])


_WAITING: dict[Promise, type[InMemoryLedger]] = {
    wait_promises.what_a_sender_waits_for_is_told_to_others: TellsNobody,
    wait_promises.what_it_waits_for_no_more_is_forgotten: AddsToWhatItTold,
    wait_promises.what_nobody_tells_of_any_more_is_no_fact: BelievesTheDead,
}

BROKEN_HOLDS = _KEEPING | _TELLING | _LISTING | _WAITING
"""Each promise, with a ledger that breaks it."""
