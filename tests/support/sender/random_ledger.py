"""A world of one ledger and one sender, in which anything may happen in any order, for hypothesis to play."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from adapters.sql_ledger.ledger import SqlLedger
from schemas.job import Job, Schedule
from schemas.outcome import Outcome
from schemas.vocabulary import Trigger
from sender.delivery.attempt import report_on
from sender.delivery.retry import RetryPolicy, Verdict, after_lapse, after_reply, out_of_time
from sender.ledger.outbox import UNTOLD
from sender.ledger.port import Ledger
from sender.ledger.restrictions import Pause
from sender.records import Admission, LedgerEntry, Report, Selection, lane_of
from sender.replies.reply import ReplyKind
from sender.states import FINISHED, SCHEDULED, Hold, State, Transition
from sender.storms.storm import NO_STORMS, StormPolicy
from tests.support.sender.fakes import START, FakeClock, a_job

LEASE = timedelta(minutes=5)
POLICY = RetryPolicy(unknown_tries=3)
STORM = StormPolicy(limit=2, quiet=timedelta(seconds=300), longest=timedelta(seconds=900), digest_size=3)
MAY_HAVE_ARRIVED = {Transition.UNDECIDED, Transition.LAPSED}
FAR = timedelta(days=9)
PAUSED = "external/status_changed"

schedules = st.builds(
    lambda minutes, digest: Schedule(START + timedelta(minutes=minutes), digest),
    st.sampled_from([-30, 5, 5, 31, 90, 300]),
    st.booleans(),
)

STEPS = [Transition.HELD, Transition.RELEASED, Transition.CANCELLED, Transition.WITHDRAWN]
"""What people do, and what a sender does with what was suppressed."""

saves = st.builds(
    lambda event, address, opened, otherwise, schedule: a_job(
        f"e-{event}",
        f"T-{event % 3}",
        f"p{address}@acme.example",
        trigger=Trigger.OPENED if opened else Trigger.STATUS_CHANGED,
        once=f"k-{event % 3}" if opened else None,
        otherwise=Trigger.STATUS_CHANGED if opened and otherwise else None,
        expires=START + timedelta(hours=event % 5, minutes=30),
        schedule=schedule if event % 3 == 2 else None,
    ),
    st.integers(0, 11),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
    schedules,
)


class LedgerWorld(RuleBasedStateMachine):
    """The sender crashes now and then.

    `arrived` counts the copies of a job that a relay may have taken, `digests` are those that told of it.
    """

    make: ClassVar[Callable[[Path], Ledger]]

    @initialize()
    def open(self) -> None:
        self.cleanup = ExitStack()
        self.path = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory())) / "tocsin.db"
        self.ledger = type(self).make(self.path)
        self.clock = FakeClock()
        self.accepted: dict[str, Job] = {}
        self.holder: dict[str, tuple[str, str]] = {}
        self.in_hand: dict[str, LedgerEntry] = {}
        self.answers: list[Report] = []
        self.arrived: Counter[str] = Counter()
        self.digests: dict[str, set[str]] = {}

    @rule(jobs=st.lists(saves, max_size=5), storm=st.sampled_from([NO_STORMS, STORM]))
    def accept(self, jobs: list[Job], storm: StormPolicy) -> None:
        for job, admission in zip(jobs, self.ledger.accept(jobs, self.clock.now(), storm), strict=True):
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
            self.in_hand[entry.job.id] = entry

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

    def try_once(self, entry: LedgerEntry, kind: ReplyKind) -> None:
        if entry.job.id not in self.ledger.hand_over([entry]):
            return
        verdict = self.sent(entry, kind) if entry.job.expires > self.clock.now() else out_of_time(entry.standing)
        self.answers.append(report_on(entry, verdict))

    def sent(self, entry: LedgerEntry, kind: ReplyKind) -> Verdict:
        listed = self.ledger.bundle(entry.job.id) if entry.standing.digest else []
        told = [self.accepted[one.job.id] for one in [*listed, entry]]
        for job in told:
            # What has a schedule comes into its lane late, and so may find later ones under way.
            older = [one for one in self.older_in_lane(job) if one not in told and one.schedule is None]
            assert all(self.state(one.id) in FINISHED for one in older), "it overtook an older job"
            self.arrived[job.id] += kind in (ReplyKind.ACCEPTED, ReplyKind.UNKNOWN)
            self.digests.setdefault(job.id, set()).add(entry.job.id)
        return after_reply(POLICY, entry.standing, kind, self.clock.now(), lambda: 0)

    def older_in_lane(self, job: Job) -> Iterator[Job]:
        for older in self.accepted.values():
            if older.id == job.id:
                return
            if lane_of(older) == lane_of(job):
                yield older

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
        now, own = self.clock.now(), {*self.in_hand, *(report.job for report in self.answers)}
        gone = self.ledger.abandoned(now, 9, own)
        lost = [report_on(entry, after_lapse(POLICY, entry.standing, now, lambda: 0)) for entry in gone]
        assert self.ledger.record(lost, now) == []
        late = [
            report_on(entry, after_lapse(POLICY, entry.standing, now, lambda: 0))
            for entry in self.ledger.lapsed(now, 9)
        ]
        late += [report_on(entry, out_of_time(entry.standing)) for entry in self.ledger.overdue(now, 9)]
        assert self.ledger.record(late, now) == []

    @rule(limit=st.integers(1, 2))
    def holds_end(self, limit: int) -> None:
        self.ledger.end_storms(self.clock.now(), STORM, limit)
        self.ledger.end_schedules(self.clock.now(), STORM, limit)

    @rule(seconds=st.sampled_from([1, 30, 299, 300, 900, 1800]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), what=st.sampled_from(STEPS))
    def somebody_steps_in(self, data: st.DataObject, what: Transition) -> None:
        entry = self.ledger.find(data.draw(st.sampled_from(sorted(self.accepted))))
        assert entry is not None
        hold = Hold.PERSON if what is Transition.HELD else None
        report = Report(entry.job.id, entry.standing.attempt, what, self.clock.now(), hold=hold)
        self.ledger.record([report], self.clock.now())

    @rule(handed_over=st.booleans(), lives=st.booleans())
    def a_sender_seems_gone(self, handed_over: bool, lives: bool) -> None:
        """Another one sees to its jobs, and tries them. Where the first one lives, it knows nothing of that."""
        before, answers = set(self.in_hand), list(self.answers)
        self.claim(1)
        for job in set(self.in_hand) - before:
            entry = self.in_hand.pop(job)
            if handed_over:
                self.try_once(entry, ReplyKind.ACCEPTED)
                self.answers = answers
            found = self.ledger.find(job)
            assert found is not None
            verdict = after_lapse(POLICY, found.standing, self.clock.now(), lambda: 0)
            assert self.ledger.record([report_on(found, verdict)], self.clock.now()) == []
            if lives and not handed_over:
                self.try_once(entry, ReplyKind.ACCEPTED)
        self.an_undisturbed_round([ReplyKind.ACCEPTED])

    @rule(ends=st.booleans())
    def a_pause_holds_what_is_due(self, ends: bool) -> None:
        """It may have ended before the sender says what it held; and some of that was not paused at all."""
        now = self.clock.now()
        self.ledger.pause(Pause(None, PAUSED, now, ""))
        claimed = self.ledger.claim(now, 2, LEASE)
        if ends:
            self.the_pause_ends()
        for entry in claimed:
            listed = self.ledger.bundle(entry.job.id) if entry.standing.digest else []
            held = [
                Report(one.job.id, one.standing.attempt, Transition.HELD, hold=Hold.PAUSED) for one in (*listed, entry)
            ]
            assert self.ledger.record(held, now) == []

    @rule()
    def the_pause_ends(self) -> None:
        self.ledger.resume(None, PAUSED, self.clock.now())

    @rule()
    def crash(self) -> None:
        self.in_hand, self.answers = {}, []
        if isinstance(self.ledger, SqlLedger):
            self.ledger.close()
            self.ledger = type(self).make(self.path)

    @invariant()
    def no_job_is_lost(self) -> None:
        assert sum(self.ledger.counts().values()) == len(self.accepted)

    @invariant()
    def none_arrives_twice_without_a_doubt(self) -> None:
        for job, copies in self.arrived.items():
            told_by = [change for one in self.digests[job] | {job} for change in self.ledger.history(one)]
            assert copies <= 1 + sum(change.transition in MAY_HAVE_ARRIVED for change in told_by)

    @invariant()
    def nothing_goes_out_before_it_is_due(self) -> None:
        for line in self.ledger.list(Selection(states=frozenset({State.SENDING})), 99):
            schedule, expires = line.entry.schedule, line.entry.job.expires
            is_early = schedule is not None and self.clock.now() < schedule.at < expires
            assert not is_early or line.entry.standing.released

    @invariant()
    def nothing_is_held_until_its_time_is_over(self) -> None:
        for line in self.ledger.list(Selection(states=frozenset({State.HELD})), 99):
            due, hold = line.entry.standing.due, line.entry.standing.hold
            assert hold not in SCHEDULED or (due is not None and due < line.entry.job.expires)

    @invariant()
    def what_is_open_will_be_seen_to(self) -> None:
        open_jobs = any(self.state(job) not in FINISHED for job in self.accepted)
        assert (self.ledger.next_due() is not None) == open_jobs

    @invariant()
    def each_bundled_job_has_one_open_carrier(self) -> None:
        entries = [line.entry for line in self.ledger.list(Selection(), len(self.accepted))]
        carriers = [one for one in entries if one.standing.digest and one.standing.state not in FINISHED]
        listed = Counter(one.job.id for carrier in carriers for one in self.ledger.bundle(carrier.job.id))
        assert listed == Counter(one.job.id for one in entries if one.standing.state is State.BUNDLED)

    def all_is_finished_in_the_end(self) -> None:
        """Storms end, people let go what they hold, and the relay says yes: nothing waits for something else."""
        self.clock.advance(FAR)
        self.the_pause_ends()
        now = self.clock.now()
        while self.ledger.end_storms(now, STORM) or self.ledger.end_schedules(now, STORM):
            pass
        lapses = [
            Report(one.job.id, one.standing.attempt, Transition.LAPSED, now) for one in self.ledger.lapsed(now, 99)
        ]
        held = self.ledger.list(Selection(hold=Hold.PERSON), 99) + self.ledger.list(Selection(hold=Hold.STORM), 99)
        entries = [line.entry for line in held]
        releases = [Report(one.job.id, one.standing.attempt, Transition.RELEASED, now) for one in entries]
        assert self.ledger.record([*lapses, *releases], now) == []
        while claimed := self.ledger.claim(now, 99, LEASE):
            for entry in claimed:
                self.sent(entry, ReplyKind.REFUSED)
            done = [Report(one.job.id, one.standing.attempt, Transition.REFUSED) for one in claimed]
            assert self.ledger.record(done, now) == []
        assert all(self.state(job) in FINISHED for job in self.accepted), "a job waits for ever"

    def every_change_was_told(self) -> None:
        told = Counter[str]()
        for one in self.ledger.outbox(10_000):
            outcome = msgspec.json.decode(one.record.value or b"", type=Outcome)
            told[outcome.job] += 1
        changes = {job: self.ledger.history(job) for job in self.accepted}
        untold = {job: sum(one.transition in UNTOLD for one in changes[job]) for job in changes}
        assert told == {job: len(changes[job]) - untold[job] for job in changes}

    def teardown(self) -> None:
        try:
            self.all_is_finished_in_the_end()
            self.every_change_was_told()
        finally:
            self.close()

    def close(self) -> None:
        if isinstance(self.ledger, SqlLedger):
            self.ledger.close()
        self.cleanup.close()
