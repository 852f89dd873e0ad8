"""Any interleaving of saves, tries, crashes and time: no job is lost or doubled, and none overtakes another."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from schemas.vocabulary import Trigger
from sender.attempt import report_on
from sender.entries import Admission, Entry, Report, lane_of
from sender.ledger import Ledger
from sender.ports import ReplyKind
from sender.retry import RetryPolicy, Verdict, after_lapse, after_reply, out_of_time
from sender.states import FINISHED, State, Transition
from tests.fakes import START, FakeClock, a_job
from tests.in_memory_ledger import InMemoryLedger

LEASE = timedelta(minutes=5)
POLICY = RetryPolicy(unknown_tries=3)
MAY_HAVE_ARRIVED = {Transition.UNDECIDED, Transition.LAPSED}

saves = st.builds(
    lambda event, address, opened, otherwise: a_job(
        f"e-{event}",
        f"T-{event % 3}",
        f"p{address}@acme.example",
        trigger=Trigger.OPENED if opened else Trigger.STATUS_CHANGED,
        once=f"k-{event % 3}" if opened else None,
        otherwise=Trigger.STATUS_CHANGED if opened and otherwise else None,
        expires=START + timedelta(hours=event % 5, minutes=30),
    ),
    st.integers(0, 11),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
)


class Interleavings(RuleBasedStateMachine):
    """A world of one ledger and one sender, which crashes. `arrived` counts the copies that a relay may have taken."""

    make: ClassVar[Callable[[Path], Ledger]]

    @initialize()
    def open(self) -> None:
        self.cleanup = ExitStack()
        self.path = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory())) / "tocsin.db"
        self.ledger = type(self).make(self.path)
        self.clock = FakeClock()
        self.accepted: dict[str, Job] = {}
        self.holder: dict[str, tuple[str, str]] = {}
        self.in_hand: dict[str, Entry] = {}
        self.answers: list[Report] = []
        self.arrived: Counter[str] = Counter()

    @rule(jobs=st.lists(saves, max_size=5))
    def accept(self, jobs: list[Job]) -> None:
        for job, admission in zip(jobs, self.ledger.accept(jobs, self.clock.now()), strict=True):
            assert (admission is Admission.DUPLICATE) == (job.id in self.accepted)
            if admission is not Admission.DUPLICATE:
                self.accepted[job.id] = job
                self.check_once(job, admission)

    def check_once(self, job: Job, admission: Admission) -> None:
        holder = (
            (job.source, job.event) if job.once is None else self.holder.setdefault(job.once, (job.source, job.event))
        )
        late = Admission.DIVERTED if job.otherwise else Admission.DROPPED
        assert admission is (Admission.ACCEPTED if holder == (job.source, job.event) else late)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        for entry in self.ledger.claim(self.clock.now(), limit, LEASE):
            assert entry.job.id not in self.in_hand or self.lease_is_over(self.in_hand[entry.job.id])
            self.in_hand[entry.job.id] = entry

    def lease_is_over(self, entry: Entry) -> bool:
        lease_until = entry.standing.lease_until
        return lease_until is None or lease_until <= self.clock.now()

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data(), kind=st.sampled_from(ReplyKind), recorded=st.booleans())
    def hand_over(self, data: st.DataObject, kind: ReplyKind, recorded: bool) -> None:
        self.try_once(self.in_hand.pop(data.draw(st.sampled_from(sorted(self.in_hand)))), kind)
        if recorded:
            self.record()

    @rule(kinds=st.lists(st.sampled_from(ReplyKind), min_size=1, max_size=4))
    def an_undisturbed_round(self, kinds: list[ReplyKind]) -> None:
        self.claim(len(kinds))
        for kind, job in zip(kinds, list(self.in_hand), strict=False):
            self.try_once(self.in_hand.pop(job), kind)
        self.record()

    def try_once(self, entry: Entry, kind: ReplyKind) -> None:
        if self.lease_is_over(entry):
            return
        verdict = self.sent(entry, kind) if entry.job.expires > self.clock.now() else out_of_time(entry.standing)
        self.answers.append(report_on(entry, verdict))

    def sent(self, entry: Entry, kind: ReplyKind) -> Verdict:
        for job in self.accepted.values():
            if job.id == entry.job.id:
                break
            assert lane_of(job) != lane_of(entry.job) or self.state(job.id) in FINISHED, "it overtook an older job"
        self.arrived[entry.job.id] += kind in (ReplyKind.ACCEPTED, ReplyKind.UNKNOWN)
        return after_reply(POLICY, entry.standing, kind, self.clock.now(), lambda: 0)

    def state(self, job: str) -> State:
        entry = self.ledger.find(job)
        assert entry is not None, "a job is lost"
        return entry.standing.state

    @rule()
    def record(self) -> None:
        self.ledger.record(self.answers, self.clock.now())
        self.answers = []

    @rule()
    def sweep(self) -> None:
        now = self.clock.now()
        late = [
            report_on(entry, after_lapse(POLICY, entry.standing, now, lambda: 0))
            for entry in self.ledger.lapsed(now, 9)
        ]
        late += [report_on(entry, out_of_time(entry.standing)) for entry in self.ledger.overdue(now, 9)]
        assert self.ledger.record(late, now) == []

    @rule(seconds=st.sampled_from([1, 30, 299, 300, 900, 1800]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), what=st.sampled_from([Transition.HELD, Transition.RELEASED, Transition.CANCELLED]))
    def somebody_steps_in(self, data: st.DataObject, what: Transition) -> None:
        entry = self.ledger.find(data.draw(st.sampled_from(sorted(self.accepted))))
        assert entry is not None
        self.ledger.record([report_on(entry, Verdict(what, self.clock.now()))], self.clock.now())

    @rule()
    def crash(self) -> None:
        self.in_hand, self.answers = {}, []
        if isinstance(self.ledger, SqliteLedger):
            self.ledger.close()
            self.ledger = type(self).make(self.path)

    @invariant()
    def no_job_is_lost(self) -> None:
        assert sum(self.ledger.counts().values()) == len(self.accepted)

    @invariant()
    def none_arrives_twice_without_a_doubt(self) -> None:
        for job, copies in self.arrived.items():
            doubts = sum(change.transition in MAY_HAVE_ARRIVED for change in self.ledger.history(job))
            assert copies <= 1 + doubts

    @invariant()
    def what_is_open_will_be_seen_to(self) -> None:
        open_jobs = any(self.state(job) not in FINISHED for job in self.accepted)
        assert (self.ledger.next_due() is not None) == open_jobs

    def teardown(self) -> None:
        if isinstance(self.ledger, SqliteLedger):
            self.ledger.close()
        self.cleanup.close()


def play(ledger: Callable[[Path], Ledger], **options: Any) -> None:
    world = type("World", (Interleavings,), {"make": staticmethod(ledger)})
    run_state_machine_as_test(
        world,
        settings=settings(
            max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), **options
        ),
    )


def test_sqlite() -> None:
    play(SqliteLedger)


def test_in_memory() -> None:
    play(lambda _path: InMemoryLedger())


class HasNoLanes(InMemoryLedger):
    def is_head(self, entry: Entry) -> bool:
        return True


class ForgetsClaims(InMemoryLedger):
    def lapsed(self, now: Any, limit: int) -> list[Entry]:
        for kept in self.jobs.values():
            if kept.entry.standing.state is State.SENDING:
                del self.jobs[kept.entry.job.id]
                break
        return super().lapsed(now, limit)


class ForgetsWhatWasDone(InMemoryLedger):
    def record_one(self, report: Report, now: Any) -> bool:
        done = report.transition is Transition.DELIVERED
        return super().record_one(Report(report.job, report.attempt, Transition.DEFERRED, now) if done else report, now)


@pytest.mark.parametrize("broken", [HasNoLanes, ForgetsClaims, ForgetsWhatWasDone])
def test_the_check_finds_a_ledger_that_breaks_the_promises(broken: type[InMemoryLedger]) -> None:
    with pytest.raises(AssertionError):
        play(lambda _path: broken(), phases=[Phase.generate], derandomize=True, database=None)
