"""Ledgers that break one promise on schedules each: the controls of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from sender.records import LedgerEntry, Report, lane_of
from sender.states import SCHEDULED, Hold, Standing, State, Transition
from sender.storms.digests import Ahead, HeldJob
from sender.storms.scheduled import OlderDigest, due_groups
from sender.storms.storm import StormPolicy
from tests.contract import schedule_promises as promises
from tests.contract.ledger_promises import FAR, Promise
from tests.support.sender.in_memory_ledger import InMemoryLedger, Kept


class HoldsNothing(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        return None


class HoldsWhatWillExpire(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        schedule = entry.job.schedule
        if schedule is None:
            return None
        return Report(entry.job.id, 0, Transition.HELD, schedule.at, hold=Hold.DIGEST)


class PoursOutWhatIsLate(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        is_late = entry.schedule is not None and entry.schedule.at <= now
        return None if is_late else super().held_at_first(entry, now, storm)


class KeepsWhatIsLateTooLong(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        endless = replace(entry, job=replace(entry.job, expires=FAR))
        return super().held_at_first(endless, now, storm)


class ForgetsTheDigest(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        pass


class ForgetsTheDigestOfAPause(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        if before.standing.hold is not Hold.PAUSED:
            super().bring_back(before, now)


class CollectsWhatWasResumed(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        super().bring_back(before, now)
        kept = self.jobs[before.job.id]
        if kept.entry.standing.hold is Hold.QUIET:
            kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, hold=Hold.DIGEST))


class ForgetsStorms(InMemoryLedger):
    def was_listed(self, kept: Kept) -> bool:
        return False


class SendsAloneWhatPeopleLetGo(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        if before.standing.hold is not Hold.PERSON:
            super().bring_back(before, now)


class SendsAloneWhatTheModeHeld(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        if before.standing.hold is not Hold.MODE:
            super().bring_back(before, now)


class TellsAgainWhatMayHaveArrived(InMemoryLedger):
    def bring_back(self, before: LedgerEntry, now: datetime) -> None:
        kept = self.jobs[before.job.id]
        kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, unknowns=0))
        super().bring_back(before, now)


class WaitsForWhatItWillNotSee(InMemoryLedger):
    def record_one(self, report: Report, now: datetime) -> bool:
        schedule = self.jobs[report.job].entry.job.schedule
        is_again = report.hold is Hold.STORM and self.jobs[report.job].entry.standing.state is State.BUNDLED
        if is_again and schedule is not None:
            report = replace(report, hold=Hold.DIGEST, until=schedule.at)
        return super().record_one(report, now)


class MixesReaders(InMemoryLedger):
    def held_job(self, entry: LedgerEntry, place: int) -> HeldJob:
        return replace(super().held_job(entry, place), reader="")


class SendsADigestForEachMoment(InMemoryLedger):
    def is_due_now(self, entry: LedgerEntry, recipient: str, now: datetime) -> bool:
        first = min(kept.entry.standing.due or now for kept in self.jobs.values() if self.is_scheduled(kept.entry))
        return super().is_due_now(entry, recipient, now) and entry.standing.due == first


class StandsInTheWay(InMemoryLedger):
    def lane(self, lane: str) -> Iterable[Kept]:
        return (kept for kept in self.jobs.values() if kept.open and lane_of(kept.entry.job) == lane)


class OvertakesWhatIsOlder(InMemoryLedger):
    def is_in_the_way(self, entry: LedgerEntry) -> bool:
        return False


class WaitsTicketByTicket(InMemoryLedger):
    def ahead(self, one: HeldJob) -> Ahead:
        return replace(super().ahead(one), digest=None)


class BundlesWholeTexts(InMemoryLedger):
    def bundle(self, carrier: str) -> list[LedgerEntry]:
        return [kept.entry for kept in self.jobs.values() if kept.carrier == carrier]


class CollectsWhatIsQuiet(InMemoryLedger):
    def groups_due(
        self, held: list[tuple[Hold, HeldJob]], others: list[Ahead], storm: StormPolicy
    ) -> list[list[HeldJob]]:
        return due_groups([(Hold.DIGEST, one) for _, one in held], others, storm.digest_size, storm.limit)


class PoursOut(InMemoryLedger):
    def groups_due(
        self, held: list[tuple[Hold, HeldJob]], others: list[Ahead], storm: StormPolicy
    ) -> list[list[HeldJob]]:
        return due_groups(held, others, storm.digest_size, 0)


class CountsWhatWaits(InMemoryLedger):
    def counts_as_save(self, kept: Kept) -> bool:
        return True


class ForgetsItWasDiverted(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        return super().held_at_first(replace(entry, diverted=False), now, storm)


class LetsNobodyHold(InMemoryLedger):
    def is_current(self, standing: Standing, report: Report) -> bool:
        return super().is_current(standing, report) and not (standing.hold in SCHEDULED and report.hold is Hold.PERSON)


class TakesTheOthersAlong(InMemoryLedger):
    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        for entry in self.bundle(report.job):
            self.record([Report(entry.job.id, entry.standing.attempt, Transition.CANCELLED)], now)


class TriesTheSameAgain(InMemoryLedger):
    def follow_carrier(self, before: LedgerEntry, report: Report, now: datetime) -> None:
        is_given_up = report.transition is Transition.GAVE_UP
        super().follow_carrier(before, replace(report, transition=Transition.HELD) if is_given_up else report, now)


class EndsAllAtOnce(InMemoryLedger):
    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        return super().end_schedules(now, storm, 1_000)


class MakesADigestEachHour(InMemoryLedger):
    def collect_further(self, recipient: str, held: list[HeldJob], now: datetime) -> set[str]:
        return set()


class LetsItExpire(InMemoryLedger):
    def collect_further(self, recipient: str, held: list[HeldJob], now: datetime) -> set[str]:
        return {one.job for one in held} if self.older_digests(recipient) else set()


class WaitsForever(InMemoryLedger):
    def older_digests(self, recipient: str) -> list[OlderDigest]:
        return [replace(one, accepted=one.due - timedelta(hours=12)) for one in super().older_digests(recipient)]


BROKEN_SCHEDULES: dict[Promise, type[InMemoryLedger]] = {
    promises.what_is_not_due_yet_is_held_until_it_is: HoldsNothing,
    promises.what_would_expire_before_it_is_due_goes_out_at_once: HoldsWhatWillExpire,
    promises.what_comes_late_waits_a_moment_for_others: PoursOutWhatIsLate,
    promises.what_comes_late_never_expires_for_company: KeepsWhatIsLateTooLong,
    promises.a_digest_lists_what_is_due_for_one_reader_at_one_moment: MixesReaders,
    promises.what_is_over_for_several_digests_goes_out_in_one: SendsADigestForEachMoment,
    promises.what_leaves_a_storms_digest_waits_for_nothing_after_its_time: WaitsForWhatItWillNotSee,
    promises.what_is_urgent_does_not_wait_for_what_is_held: StandsInTheWay,
    promises.what_waits_for_an_earlier_digest_is_one_digest_too: WaitsTicketByTicket,
    promises.a_bundle_has_no_texts_that_no_digest_shows: BundlesWholeTexts,
    promises.a_due_digest_overtakes_no_older_job: OvertakesWhatIsOlder,
    promises.quiet_hours_let_each_message_go_by_itself: CollectsWhatIsQuiet,
    promises.what_quiet_hours_held_is_no_storm_when_they_end: PoursOut,
    promises.what_is_held_until_it_is_due_makes_no_storm: CountsWhatWaits,
    promises.what_a_job_becomes_has_a_schedule_of_its_own: ForgetsItWasDiverted,
    promises.people_can_do_what_they_like_with_what_is_held: LetsNobodyHold,
    promises.the_end_of_a_pause_brings_what_it_held_in_one_digest: ForgetsTheDigestOfAPause,
    promises.a_pause_that_ends_while_it_is_asked_for_parts_no_digest: ForgetsTheDigest,
    promises.the_end_of_a_pause_brings_what_is_quiet_message_by_message: CollectsWhatWasResumed,
    promises.the_end_of_a_pause_parts_no_storm: ForgetsStorms,
    promises.what_people_let_go_waits_for_its_digest_again: SendsAloneWhatPeopleLetGo,
    promises.what_the_mode_held_goes_out_in_one_digest_when_it_is_let_go: SendsAloneWhatTheModeHeld,
    promises.what_may_have_arrived_by_itself_goes_out_by_itself: TellsAgainWhatMayHaveArrived,
    promises.no_carrier_swallows_what_its_digest_lists: TakesTheOthersAlong,
    promises.what_can_not_be_written_costs_a_digest_nothing_else: TriesTheSameAgain,
    promises.no_more_schedules_end_at_a_time_than_asked: EndsAllAtOnce,
    promises.what_is_due_is_collected_further_while_an_older_digest_can_not_go: MakesADigestEachHour,
    promises.what_would_expire_waits_behind_no_digest: LetsItExpire,
    promises.nothing_waits_for_long_behind_a_digest: WaitsForever,
}
"""Each promise, with a ledger that breaks it."""
