"""Ledgers that break one promise on jobs each: the controls of the contract."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from schemas.job import Job
from sender.ledger.claimable import ANY, Claimable
from sender.records import Admission, LedgerEntry, Report
from sender.states import Standing, State, Transition
from sender.storms.storm import StormPolicy
from tests.contract import ledger_promises as promises
from tests.contract.ledger_promises import Promise
from tests.support.sender.fakes import START
from tests.support.sender.in_memory_ledger import InMemoryLedger, Kept


class AcceptsAgain(InMemoryLedger):
    def accept_one(self, job: Job, now: datetime, storm: StormPolicy) -> Admission:
        self.jobs.pop(job.id, None)
        return super().accept_one(job, now, storm)


class LosesTheOtherwise(InMemoryLedger):
    def accept_one(self, job: Job, now: datetime, storm: StormPolicy) -> Admission:
        return super().accept_one(replace(job, otherwise=None), now, storm)


class ForgetsKeys(InMemoryLedger):
    def claim_key(self, job: Job, now: datetime) -> tuple[str, str] | None:
        return None


class IgnoresTheSource(InMemoryLedger):
    def claim_key(self, job: Job, now: datetime) -> tuple[str, str] | None:
        holder = super().claim_key(job, now)
        return holder and (job.source, holder[1])


class HasNoLanes(InMemoryLedger):
    def is_head(self, entry: LedgerEntry) -> bool:
        return True


class ResendsBehindTheOthers(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        if report.transition is Transition.RESENT:
            self.jobs[report.job] = self.jobs.pop(report.job)
        return super().record_one(report, now)


class ClaimsTheNewestFirst(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, which: Claimable = ANY) -> list[LedgerEntry]:
        self.jobs = dict(reversed(self.jobs.items()))
        return super().claim(now, limit, lease, which)


class HandsOutTwice(InMemoryLedger):
    def is_due(self, entry: LedgerEntry, now: datetime) -> bool:
        return entry.standing.lease_until is not None or super().is_due(entry, now)

    def record_one(self, report: Report, now: datetime) -> bool:
        return super().record_one(report, now) or report.transition is Transition.CLAIMED


class KeepsHandOversToItself(InMemoryLedger):
    def hand_over_one(self, claim: LedgerEntry) -> bool:
        return self.still_has(self.jobs[claim.job.id].entry.standing, claim.standing)


class HandsOverWhatItLost(InMemoryLedger):
    def still_has(self, standing: Standing, claimed: Standing) -> bool:
        return standing.state is State.SENDING


class FindsTheLapsedAlone(InMemoryLedger):
    def abandoned(self, now: datetime, limit: int, under_way: Collection[str]) -> list[LedgerEntry]:
        return self.lapsed(now, limit)


class BelievesOldReports(InMemoryLedger):
    def is_current(self, standing: Standing, report: Report) -> bool:
        return True


class SaysNothingOfVoidReports(InMemoryLedger):
    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        super().record(reports, now)
        return []


class SeesOnlyTheFirstExpire(InMemoryLedger):
    def overdue(self, now: datetime, limit: int) -> list[LedgerEntry]:
        return [entry for entry in super().overdue(now, limit) if self.is_head(entry)]


class KeepsNoWords(InMemoryLedger):
    def keep(self, standing: Standing, report: Report, now: datetime) -> None:
        super().keep(standing, replace(report, code=None, text=None, fault=None), now)


class NeverRests(InMemoryLedger):
    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        return super().next_due(besides) or START


class CountsWhatWaits(InMemoryLedger):
    def next_due(self, besides: Collection[str] = ()) -> datetime | None:
        return super().next_due()


class ForgetsWhatEnded(InMemoryLedger):
    def oldest(self) -> dict[State, datetime]:
        return {kept.entry.standing.state: kept.history[0].at for kept in reversed(self.jobs.values())}


class ForgetsAtOnce(InMemoryLedger):
    def may_forget(self, kept: Kept, before: datetime) -> bool:
        return not kept.open


class CountsKeysFromTheFirstUse(InMemoryLedger):
    def claim_key(self, job: Job, now: datetime) -> tuple[str, str] | None:
        seen = self.keys.get(job.once or "")
        holder = super().claim_key(job, now)
        if seen is not None and job.once is not None:
            self.keys[job.once] = seen
        return holder


BROKEN_JOBS: dict[Promise, type[InMemoryLedger]] = {
    promises.a_job_is_accepted_once: AcceptsAgain,
    promises.what_was_accepted_comes_back_as_it_was: LosesTheOtherwise,
    promises.the_first_event_claims_the_once_key: ForgetsKeys,
    promises.the_same_event_id_of_another_source_is_another_event: IgnoresTheSource,
    promises.a_lane_goes_one_by_one: HasNoLanes,
    promises.a_resent_job_goes_before_those_behind_it: ResendsBehindTheOthers,
    promises.a_claim_takes_the_longest_due_up_to_its_limit: ClaimsTheNewestFirst,
    promises.a_claimed_job_is_nobody_elses_until_its_lease_ends: HandsOutTwice,
    promises.what_is_handed_over_is_written_down: KeepsHandOversToItself,
    promises.a_claim_that_was_lost_hands_nothing_over: HandsOverWhatItLost,
    promises.what_nobody_works_on_is_found_whatever_its_lease: FindsTheLapsedAlone,
    promises.a_late_answer_counts_until_the_next_claim: BelievesOldReports,
    promises.a_report_that_the_table_forbids_changes_nothing: SaysNothingOfVoidReports,
    promises.what_expires_while_it_waits_is_found: SeesOnlyTheFirstExpire,
    promises.every_change_is_kept: KeepsNoWords,
    promises.what_waits_for_its_mailbox_need_not_count_as_due: CountsWhatWaits,
    promises.counts_and_next_due_tell_what_there_is_to_do: NeverRests,
    promises.how_long_the_oldest_job_waits_is_known: ForgetsWhatEnded,
    promises.finished_jobs_are_forgotten_after_their_time_alone: ForgetsAtOnce,
    promises.a_once_key_outlives_its_last_use: CountsKeysFromTheFirstUse,
}
"""Each promise, with a ledger that breaks it and nothing else."""
