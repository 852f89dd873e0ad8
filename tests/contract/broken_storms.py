"""Ledgers that break one promise on storms each: the controls of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from schemas.job import Job
from sender.ledger.port import Retention
from sender.records import LedgerEntry, Report, recipient_of
from sender.states import FINISHED, Hold, State
from sender.storms.digests import LEAVES_ITS_DIGEST, Ahead, HeldJob
from sender.storms.storm import NO_STORMS, StormEnd, StormPolicy
from tests.contract import digest_promises, storm_promises
from tests.contract.ledger_promises import Promise
from tests.support.sender.in_memory_ledger import InMemoryLedger, Kept


class HoldsOneTooFew(InMemoryLedger):
    def saves(self, job: Job, storm: StormPolicy) -> int:
        return super().saves(job, storm) - 1


class HoldsWithoutALimit(InMemoryLedger):
    def is_buried(self, job: Job, now: datetime, storm: StormPolicy) -> bool:
        return super().is_buried(job, now, replace(storm, limit=30) if storm == NO_STORMS else storm)


class MeasuresWithoutTheWindow(InMemoryLedger):
    def saves(self, job: Job, storm: StormPolicy) -> int:
        return super().saves(job, replace(storm, window=storm.window * 1_000))


class CountsWhatWasDropped(InMemoryLedger):
    def saves(self, job: Job, storm: StormPolicy) -> int:
        dropped = [kept.entry for kept in self.jobs.values() if kept.entry.standing.state is State.DROPPED]
        return super().saves(job, storm) + sum(recipient_of(one.job) == recipient_of(job) for one in dropped)


class ForgetsWhoJoins(InMemoryLedger):
    def is_buried(self, job: Job, now: datetime, storm: StormPolicy) -> bool:
        before = self.storms.get(recipient_of(job))
        buried = super().is_buried(job, now, storm)
        if before is not None:
            self.storms[recipient_of(job)] = before
        return buried


class GivesNoDigest(InMemoryLedger):
    def groups(self, held: list[HeldJob], others: list[Ahead], size: int) -> list[list[HeldJob]]:
        return [[one] for one in held]


class MixesReaders(InMemoryLedger):
    def held_job(self, entry: LedgerEntry, place: int) -> HeldJob:
        return replace(super().held_job(entry, place), reader="")


class PartsCollaborators(InMemoryLedger):
    def held_job(self, entry: LedgerEntry, place: int) -> HeldJob:
        return replace(super().held_job(entry, place), reader=str(entry.job.person))


class LosesWhatIsParted(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        storms = dict(self.storms)
        done = super().record_one(report, now)
        if report.hold is Hold.STORM:
            self.storms = storms
        return done


class EndsAllAtOnce(InMemoryLedger):
    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        return super().end_storms(now, storm, 1_000)


class MakesDigestsOfOne(InMemoryLedger):
    def let_go(self, recipient: str, storm: StormPolicy, now: datetime) -> None:
        super().let_go(recipient, storm, now)
        for kept in self.jobs.values():
            kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, digest=True))


class NeverWaits(InMemoryLedger):
    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        return super().end_storms(now, replace(storm, end=StormEnd.DIGEST), limit)


class LetsEverythingGo(InMemoryLedger):
    def is_held(self, entry: LedgerEntry, recipient: str) -> bool:
        return entry.standing.hold is not None and recipient_of(entry.job) == recipient


class ListsThemAll(InMemoryLedger):
    def groups(self, held: list[HeldJob], others: list[Ahead], size: int) -> list[list[HeldJob]]:
        return super().groups(held, others, 10_000)


class ListsWhatMustWait(InMemoryLedger):
    def groups(self, held: list[HeldJob], others: list[Ahead], size: int) -> list[list[HeldJob]]:
        return super().groups(held, [], size)


class OvertakesTheDigest(InMemoryLedger):
    def lane(self, lane: str) -> Iterable[Kept]:
        return (kept for kept in super().lane(lane) if kept.carrier is None)


class BlocksItsOwnCarrier(InMemoryLedger):
    def stands_in(self, kept: Kept, lane: str) -> bool:
        return super().stands_in(replace(kept, carrier=None), lane)


class LosesTheBundle(InMemoryLedger):
    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        pass


class CarriesForEver(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        before = self.find(report.job)
        done = super().record_one(report, now)
        if before is not None and before.standing.digest:
            kept = self.jobs[report.job]
            kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, digest=True))
        return done


class ForgetsDoubts(InMemoryLedger):
    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        super().follow_carrier(self.jobs[report.job].entry, report, now)


class NeverLooksAtBundles(InMemoryLedger):
    def overdue(self, now: datetime, limit: int) -> list[LedgerEntry]:
        return [entry for entry in super().overdue(now, limit) if entry.standing.state is not State.BUNDLED]


class CancelsWhatIsBeingSent(InMemoryLedger):
    def is_listed_under_way(self, kept: Kept) -> bool:
        return False


class LosesWhatACarrierLeaves(InMemoryLedger):
    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        super().follow_carrier(before, report, now)
        if report.transition in LEAVES_ITS_DIGEST:
            self.storms.clear()


class SendsWhatWasStopped(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        kept = self.jobs.get(report.job)
        listed = kept is not None and self.is_listed_under_way(kept)
        return not listed and super().record_one(report, now)


class RemembersStorms(InMemoryLedger):
    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        storms = dict(self.storms)
        pruned = super().prune(now, retention, limit)
        self.storms = storms
        return pruned


class SendsItWholeAgain(InMemoryLedger):
    def divide(self, carrier: str, now: datetime) -> None:
        pass


class ResendsOneByOne(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        if before.standing.state not in FINISHED:
            super().bring_back(before, now)


BROKEN_STORMS: dict[Promise, type[InMemoryLedger]] = {
    storm_promises.too_much_for_one_mailbox_is_held: HoldsOneTooFew,
    storm_promises.without_a_limit_nothing_is_held: HoldsWithoutALimit,
    storm_promises.a_storm_is_measured_by_the_time_of_the_saves: MeasuresWithoutTheWindow,
    storm_promises.dropped_and_doubled_jobs_are_no_storm: CountsWhatWasDropped,
    storm_promises.what_comes_in_a_storm_joins_it: ForgetsWhoJoins,
    digest_promises.a_storm_ends_in_a_digest: GivesNoDigest,
    digest_promises.a_digest_is_for_one_contact_alone: MixesReaders,
    digest_promises.collaborators_of_one_mailbox_share_a_digest: PartsCollaborators,
    digest_promises.what_a_digest_of_another_reader_lists_goes_out_in_one_of_its_own: LosesWhatIsParted,
    storm_promises.no_more_storms_end_at_a_time_than_asked: EndsAllAtOnce,
    digest_promises.a_lone_one_just_goes_out: MakesDigestsOfOne,
    storm_promises.a_storm_that_waits_leaves_its_jobs_held: NeverWaits,
    storm_promises.a_storm_touches_what_it_held_alone: LetsEverythingGo,
    digest_promises.a_digest_lists_no_more_than_it_may: ListsThemAll,
    digest_promises.a_digest_overtakes_no_older_job: ListsWhatMustWait,
    digest_promises.later_jobs_wait_for_the_digest: OvertakesTheDigest,
    digest_promises.no_digest_waits_for_what_it_lists: BlocksItsOwnCarrier,
    digest_promises.a_bundle_ends_as_its_carrier: LosesTheBundle,
    digest_promises.what_a_digest_failed_to_tell_is_resent_in_one: ResendsOneByOne,
    digest_promises.a_former_carrier_is_resent_alone: CarriesForEver,
    digest_promises.what_a_digest_may_have_told_is_never_called_expired: ForgetsDoubts,
    digest_promises.a_bundled_job_can_end_alone: NeverLooksAtBundles,
    digest_promises.what_a_digest_lists_is_sent_as_the_digest_is: CancelsWhatIsBeingSent,
    digest_promises.a_carrier_that_is_stopped_leaves_its_digest_to_the_others: LosesWhatACarrierLeaves,
    digest_promises.what_a_digest_lists_can_be_left_out_by_who_sends_it: SendsWhatWasStopped,
    digest_promises.what_is_too_large_goes_out_in_halves: SendsItWholeAgain,
    storm_promises.forgotten_storms_hold_nothing: RemembersStorms,
}
"""Each promise, with a ledger that breaks it."""
