"""Ledgers that break one promise on schedules each: the controls of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from sender.records import LedgerEntry, Report, lane_of, recipient_of
from sender.states import SCHEDULED, Hold, Standing, Transition
from sender.storms.digests import HeldJob, held_again
from sender.storms.scheduled import due_groups
from sender.storms.storm import StormPolicy
from tests.contract import schedule_promises as promises
from tests.contract.ledger_promises import Promise
from tests.support.sender.in_memory_ledger import InMemoryLedger, Kept


class HoldsNothing(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        return None


class HoldsWhatWillExpire(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        return held_again(entry, "") if entry.schedule and entry.schedule.at > now else None


class HoldsWhatIsDue(InMemoryLedger):
    def held_at_first(self, entry: LedgerEntry, now: datetime, storm: StormPolicy) -> Report | None:
        return held_again(entry, "") if entry.schedule else None


class MixesReaders(InMemoryLedger):
    def held_job(self, entry: LedgerEntry, place: int) -> HeldJob:
        return replace(super().held_job(entry, place), reader="")


class MixesMoments(InMemoryLedger):
    def is_due_with(self, entry: LedgerEntry, recipient: str, due: datetime) -> bool:
        return self.is_scheduled(entry) and recipient_of(entry.job) == recipient


class StandsInTheWay(InMemoryLedger):
    def lane(self, lane: str) -> Iterable[Kept]:
        return (kept for kept in self.jobs.values() if kept.open and lane_of(kept.entry.job) == lane)


class OvertakesWhatIsOlder(InMemoryLedger):
    def is_in_the_way(self, entry: LedgerEntry) -> bool:
        return False


class CollectsWhatIsQuiet(InMemoryLedger):
    def groups_due(
        self, held: list[tuple[Hold, HeldJob]], others: list[tuple[str, int]], storm: StormPolicy
    ) -> list[list[HeldJob]]:
        return due_groups([(Hold.DIGEST, one) for _, one in held], others, storm.digest_size, storm.limit)


class PoursOut(InMemoryLedger):
    def groups_due(
        self, held: list[tuple[Hold, HeldJob]], others: list[tuple[str, int]], storm: StormPolicy
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


BROKEN_SCHEDULES: dict[Promise, type[InMemoryLedger]] = {
    promises.what_is_not_due_yet_is_held_until_it_is: HoldsNothing,
    promises.what_would_expire_before_it_is_due_goes_out_at_once: HoldsWhatWillExpire,
    promises.what_is_due_when_it_comes_goes_out_at_once: HoldsWhatIsDue,
    promises.a_digest_lists_what_is_due_for_one_reader_at_one_moment: MixesReaders,
    promises.what_was_due_earlier_goes_out_in_a_digest_of_its_own: MixesMoments,
    promises.what_is_urgent_does_not_wait_for_what_is_held: StandsInTheWay,
    promises.a_due_digest_overtakes_no_older_job: OvertakesWhatIsOlder,
    promises.quiet_hours_let_each_message_go_by_itself: CollectsWhatIsQuiet,
    promises.what_quiet_hours_held_is_no_storm_when_they_end: PoursOut,
    promises.what_is_held_until_it_is_due_makes_no_storm: CountsWhatWaits,
    promises.what_a_job_becomes_has_a_schedule_of_its_own: ForgetsItWasDiverted,
    promises.people_can_do_what_they_like_with_what_is_held: LetsNobodyHold,
    promises.no_carrier_swallows_what_its_digest_lists: TakesTheOthersAlong,
    promises.what_can_not_be_written_costs_a_digest_nothing_else: TriesTheSameAgain,
    promises.no_more_schedules_end_at_a_time_than_asked: EndsAllAtOnce,
}
"""Each promise, with a ledger that breaks it."""
