"""The ledger's side of a round of delivery: claim due jobs, report on those that ran out of time, record results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct

from schemas.clock import Clock
from sender.delivery.attempt import Tried, report_on
from sender.delivery.gate import Asked, Gate
from sender.delivery.log_lines import tell_change, tell_void
from sender.delivery.pacing import Room
from sender.delivery.retry import Chance, RetryPolicy, Verdict, after_lapse, out_of_time
from sender.ledger.jobs import JobQueue
from sender.ledger.storms import Storms
from sender.ledger.waits import TELL_EVERY, Wait, Waits
from sender.ports import DeliveryMonitor
from sender.records import LedgerEntry
from sender.states import State
from sender.storms.digests import expired_report
from sender.storms.storm import StormPolicy

LOOK_FOR_ABANDONED: Final = timedelta(seconds=2)
"""How often the ledger is asked for jobs that nobody works on. A few seconds do no harm, and asking costs time."""


class Claimed(Struct, frozen=True):
    """A job to be tried now; where it carries a digest, with the jobs that the digest lists, itself among them."""

    entry: LedgerEntry
    listed: tuple[LedgerEntry, ...] = ()


class RoundPolicy(Struct, frozen=True):
    """How long a claim holds, when a job is tried again, when a storm ends, and how many late jobs a step sees to."""

    lease: timedelta
    retry: RetryPolicy
    storm: StormPolicy
    sweep: int


class Claims(Struct, frozen=True):
    """What a claim brought: how many jobs, and those of them that may go out."""

    number: int
    ready: list[Claimed]


class RoundLedger(JobQueue, Storms, Waits, Protocol):
    """What rounds ask of the ledger."""


class LedgerRounds:
    """The ledger's side of delivery. All of it runs in one thread."""

    def __init__(
        self,
        ledger: RoundLedger,
        gate: Gate,
        clock: Clock,
        chance: Chance,
        policy: RoundPolicy,
        monitor: DeliveryMonitor,
    ) -> None:
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._chance = chance
        self._policy = policy
        self._monitor = monitor
        self._asked: datetime | None = None
        self._told: tuple[datetime, frozenset[str]] | None = None

    def look(self) -> bool:
        """Take in what people, pauses and directory say by now; False where nothing may be claimed yet."""
        return self._gate.look()

    def claim(self, room: Room) -> Claims:
        """Claim what is due. What the gate stops is recorded at once, and does not go out."""
        claimed = self._ledger.claim(self._clock.now(), room.limit, self._policy.lease, room.which)
        stopped: list[Tried] = []
        ready = [one for entry in claimed if (one := self._pass(entry, stopped)) is not None]
        if stopped:
            self.apply(stopped)
        return Claims(len(claimed), ready)

    def tell_waits(self, waits: Sequence[Wait]) -> None:
        """Tell the ledger what keeps due jobs back: when that changes, and every TELL_EVERY while it lasts."""
        now, names = self._clock.now(), frozenset(one.name for one in waits)
        before, at = (frozenset[str](), now) if self._told is None else (self._told[1], self._told[0])
        # A clock that was set back to before `at` must not silence it until it has caught up.
        if names != before or (names and not at <= now < at + TELL_EVERY):
            self._ledger.tell_waits(waits, now)
            self._told = (now, names)

    def hand_over(self, claims: Sequence[LedgerEntry]) -> Collection[str]:
        """Write down that these are about to be handed over; gives those that may be."""
        return self._ledger.hand_over(claims)

    def sweep(self, under_way: Collection[str]) -> int:
        """Report on jobs that nobody works on or that ran out of time, and end holds that are over; says how many.

        `under_way` are the jobs that this sender works on.
        """
        now = self._clock.now()
        changed = self._see_to(self._abandoned(now, under_way))
        late = [*self._ledger.lapsed(now, self._policy.sweep), *self._ledger.overdue(now, self._policy.sweep)]
        ended = self._ledger.end_storms(now, self._policy.storm) + self._ledger.end_schedules(now, self._policy.storm)
        return changed + self._see_to(late) + ended

    def apply(self, tried: Sequence[Tried]) -> int:
        """Record reports; says how many changed something."""
        void = frozenset(self._ledger.record([one.report for one in tried], self._clock.now()))
        for one in tried:
            if one.report in void:
                # The answer came too late: the job has been claimed again since, or has ended.
                tell_void(one)
            else:
                tell_change(one)
                self._monitor.changed(one.report)
        return len(tried) - len(void)

    def _pass(self, entry: LedgerEntry, stopped: list[Tried]) -> Claimed | None:
        """The job, where it may go out; a digest loses the jobs that may not."""
        now = self._clock.now()
        listed: list[LedgerEntry] = []
        if entry.standing.digest:
            asked: Asked = {}
            for one in self._ledger.bundle(entry.job.id):
                stop = self._gate.stops(one, now, asked) or self._gate.parts(one, entry) or expired_report(one, now)
                if stop is not None:
                    stopped.append(Tried(one, stop))
                else:
                    listed.append(one)
        stop = self._gate.stops(entry, now)
        if stop is not None:
            # The ledger lets the next one of its digest carry it.
            stopped.append(Tried(entry, stop))
            return None
        return Claimed(entry, (*listed, entry) if listed else ())

    def _abandoned(self, now: datetime, under_way: Collection[str]) -> Sequence[LedgerEntry]:
        if self._asked is not None and self._asked <= now < self._asked + LOOK_FOR_ABANDONED:
            return ()
        found = self._ledger.abandoned(now, self._policy.sweep, under_way)
        # Where there may be more of them, the next round asks again.
        self._asked = None if len(found) == self._policy.sweep else now
        return found

    def _see_to(self, late: Sequence[LedgerEntry]) -> int:
        if not late:
            return 0
        return self.apply([Tried(entry, report_on(entry, self._late_verdict(entry))) for entry in late])

    def _late_verdict(self, entry: LedgerEntry) -> Verdict:
        if entry.standing.state is State.SENDING:
            return after_lapse(self._policy.retry, entry.standing, self._clock.now(), self._chance)
        return out_of_time(entry.standing)
