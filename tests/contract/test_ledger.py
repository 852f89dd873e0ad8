"""Every ledger keeps every promise, and every promise is one that a ledger can break."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from sender.entries import Admission, Entry, Report
from sender.ledger import Ledger
from sender.states import Standing, Transition
from sender.storm import StormPolicy
from tests.contract import ledger_promises as promises
from tests.contract.ledger_promises import Promise
from tests.fakes import START
from tests.in_memory_ledger import InMemoryLedger, Kept


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
    def is_head(self, entry: Entry) -> bool:
        return True


class ResendsBehindTheOthers(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        if report.transition is Transition.RESENT:
            self.jobs[report.job] = self.jobs.pop(report.job)
        return super().record_one(report, now)


class ClaimsTheNewestFirst(InMemoryLedger):
    def claim(self, now: datetime, limit: int, lease: timedelta, avoid: Collection[str] = frozenset()) -> list[Entry]:
        self.jobs = dict(reversed(self.jobs.items()))
        return super().claim(now, limit, lease, avoid)


class HandsOutTwice(InMemoryLedger):
    def is_due(self, entry: Entry, now: datetime) -> bool:
        return entry.standing.lease_until is not None or super().is_due(entry, now)

    def record_one(self, report: Report, now: datetime) -> bool:
        return super().record_one(report, now) or report.transition is Transition.CLAIMED


class BelievesOldReports(InMemoryLedger):
    def is_current(self, standing: Standing, report: Report) -> bool:
        return True


class SaysNothingOfVoidReports(InMemoryLedger):
    def record(self, reports: Sequence[Report], now: datetime) -> list[Report]:
        super().record(reports, now)
        return []


class SeesOnlyTheFirstExpire(InMemoryLedger):
    def overdue(self, now: datetime, limit: int) -> list[Entry]:
        return [entry for entry in super().overdue(now, limit) if self.is_head(entry)]


class KeepsNoWords(InMemoryLedger):
    def keep(self, standing: Standing, report: Report, now: datetime) -> None:
        super().keep(standing, replace(report, code=None, text=None, fault=None), now)


class NeverRests(InMemoryLedger):
    def next_due(self) -> datetime | None:
        return super().next_due() or START


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


BROKEN: dict[Promise, type[InMemoryLedger]] = {
    promises.a_job_is_accepted_once: AcceptsAgain,
    promises.what_was_accepted_comes_back_as_it_was: LosesTheOtherwise,
    promises.the_first_event_claims_the_once_key: ForgetsKeys,
    promises.the_same_event_id_of_another_source_is_another_event: IgnoresTheSource,
    promises.a_lane_goes_one_by_one: HasNoLanes,
    promises.a_resent_job_goes_before_those_behind_it: ResendsBehindTheOthers,
    promises.a_claim_takes_the_longest_due_up_to_its_limit: ClaimsTheNewestFirst,
    promises.a_claimed_job_is_nobody_elses_until_its_lease_ends: HandsOutTwice,
    promises.a_late_answer_counts_until_the_next_claim: BelievesOldReports,
    promises.a_report_that_the_table_forbids_changes_nothing: SaysNothingOfVoidReports,
    promises.what_expires_while_it_waits_is_found: SeesOnlyTheFirstExpire,
    promises.every_change_is_kept: KeepsNoWords,
    promises.counts_and_next_due_tell_what_there_is_to_do: NeverRests,
    promises.finished_jobs_are_forgotten_after_their_time_alone: ForgetsAtOnce,
    promises.a_once_key_outlives_its_last_use: CountsKeysFromTheFirstUse,
}
"""Each promise, with a ledger that breaks it and nothing else."""

every_promise = pytest.mark.parametrize("promise", BROKEN, ids=lambda promise: promise.__name__)


@every_promise
def test_the_check_finds_the_ledger_that_breaks_it(promise: Promise) -> None:
    with pytest.raises(AssertionError):
        promise(BROKEN[promise]())


class LedgerContract:
    """To be inherited by a class for each adapter, with a fixture `ledger`."""

    @every_promise
    def test_keeps_the_promise(self, ledger: Ledger, promise: Promise) -> None:
        promise(ledger)


class TestInMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return InMemoryLedger()

    def test_a_torn_batch_is_what_it_can_not_undo(self, ledger: Ledger) -> None:
        """The control of the durable ledgers' promise below."""
        with pytest.raises(AssertionError):
            promises.a_batch_is_taken_in_whole_or_not_at_all(ledger)


class DurableLedgerContract(LedgerContract):
    """For adapters that keep jobs on disk."""

    def test_a_batch_is_taken_in_whole_or_not_at_all(self, ledger: Ledger) -> None:
        promises.a_batch_is_taken_in_whole_or_not_at_all(ledger)


class TestSqliteLedger(DurableLedgerContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        ledger = SqliteLedger(tmp_path / "tocsin.db")
        yield ledger
        ledger.close()
