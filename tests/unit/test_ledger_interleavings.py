"""Any interleaving of saves, storms, tries, crashes and time: no job is lost or doubled, and none overtakes another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from adapters.postgres.ledger import PostgresLedger
from adapters.sqlite.ledger import SqliteLedger
from schemas.log import NewRecord
from sender.ledger.port import Ledger
from sender.records import LedgerEntry, Report
from sender.states import State, Transition
from sender.storms.storm import StormPolicy
from tests.contract.broken_schedules import HoldsWhatWillExpire
from tests.contract.broken_storms import BlocksItsOwnCarrier, ListsWhatMustWait, LosesTheBundle, OvertakesTheDigest
from tests.postgres.places import admin
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.random_ledger import LedgerWorld


def play(ledger: Callable[[Path], Ledger], max_examples: int = 150, **options: Any) -> None:
    world = type("World", (LedgerWorld,), {"make": staticmethod(ledger)})
    fixed: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    run_state_machine_as_test(
        world, settings=settings(max_examples=max_examples, stateful_step_count=40, **fixed, **options)
    )


def test_sqlite() -> None:
    play(SqliteLedger)


def test_in_memory() -> None:
    play(lambda _path: InMemoryLedger())


@pytest.mark.postgres
def test_postgres(postgres_url: str) -> None:
    played: list[Path] = []

    def make(path: Path) -> Ledger:
        if path not in played:
            played.append(path)
            admin(postgres_url, "TRUNCATE jobs, job_changes, once_keys, storms, suppressions, pauses, outbox")
        return PostgresLedger(postgres_url)

    play(make, max_examples=10)


class HasNoLanes(InMemoryLedger):
    def is_head(self, entry: LedgerEntry) -> bool:
        return True


class ForgetsClaims(InMemoryLedger):
    def lapsed(self, now: Any, limit: int) -> list[LedgerEntry]:
        for kept in self.jobs.values():
            if kept.entry.standing.state is State.SENDING and not kept.entry.standing.digest:
                del self.jobs[kept.entry.job.id]
                break
        return super().lapsed(now, limit)


class ForgetsWhatWasDone(InMemoryLedger):
    def record_one(self, report: Report, now: Any) -> bool:
        done = report.transition is Transition.DELIVERED
        return super().record_one(Report(report.job, report.attempt, Transition.DEFERRED, now) if done else report, now)


class TellsNobodyOfTheEnd(InMemoryLedger):
    def tell(self, record: NewRecord) -> None:
        if b'"state":"failed"' not in (record.value or b""):
            super().tell(record)


class HandsOverWhatItLost(InMemoryLedger):
    def hand_over_one(self, claim: LedgerEntry) -> bool:
        return super().hand_over_one(claim) or True


class ForgetsWhatWasHandedOver(InMemoryLedger):
    def hand_over_one(self, claim: LedgerEntry) -> bool:
        return self.still_has(self.jobs[claim.job.id].entry.standing, claim.standing)


class GoesOutEarly(InMemoryLedger):
    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        return super().end_schedules(now + timedelta(minutes=10), storm, limit)


class NeverGoesOut(InMemoryLedger):
    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        return 0


BROKEN = [
    GoesOutEarly,
    NeverGoesOut,
    HoldsWhatWillExpire,
    HandsOverWhatItLost,
    ForgetsWhatWasHandedOver,
    HasNoLanes,
    ForgetsClaims,
    ForgetsWhatWasDone,
    TellsNobodyOfTheEnd,
    ListsWhatMustWait,
    OvertakesTheDigest,
    BlocksItsOwnCarrier,
    LosesTheBundle,
]


@pytest.mark.parametrize("broken", BROKEN)
def test_the_check_finds_a_ledger_that_breaks_the_promises(broken: type[InMemoryLedger]) -> None:
    with pytest.raises(AssertionError):
        play(lambda _path: broken(), max_examples=500, phases=[Phase.generate], derandomize=True, database=None)
