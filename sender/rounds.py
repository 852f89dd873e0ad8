"""What a round of delivery does on the ledger: claim what is due, see to what ran out of time, write down answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct

from sender.attempt import report_on
from sender.entries import Entry, Report
from sender.gate import Gate
from sender.ledger import Ledger
from sender.pacing import Room
from sender.ports import Clock
from sender.retry import Chance, RetryPolicy, Verdict, after_lapse, out_of_time
from sender.states import State, Transition
from sender.storm import StormPolicy

_log: Final = logging.getLogger(__name__)

_BAD_ENDS: Final = frozenset(
    {Transition.REFUSED, Transition.GAVE_UP, Transition.LEFT_UNKNOWN, Transition.EXPIRED, Transition.LAPSED}
)


class Claimed(Struct, frozen=True):
    """A job to be tried now; where it carries a digest, with the jobs that the digest lists, itself among them."""

    entry: Entry
    listed: tuple[Entry, ...] = ()


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


class LedgerRounds:
    """The ledger's side of delivery. All of it runs in one thread."""

    def __init__(self, ledger: Ledger, gate: Gate, clock: Clock, chance: Chance, policy: RoundPolicy) -> None:
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._chance = chance
        self._policy = policy

    def look(self) -> bool:
        """Take in what people, pauses and directory say by now; False where nothing may be claimed yet."""
        return self._gate.look()

    def claim(self, room: Room) -> Claims:
        """Claim what is due; what the gate stops is written down as stopped, and does not go out."""
        claimed = self._ledger.claim(self._clock.now(), room.limit, self._policy.lease, room.avoid)
        stopped: list[Report] = []
        ready = [one for entry in claimed if (one := self._pass(entry, stopped)) is not None]
        if stopped:
            self.apply(stopped)
        return Claims(len(claimed), ready)

    def sweep(self) -> int:
        """See to jobs that ran out of time without an answer, and to storms that are over; says how many changed."""
        now = self._clock.now()
        late = [*self._ledger.lapsed(now, self._policy.sweep), *self._ledger.overdue(now, self._policy.sweep)]
        changed = self._see_to(late) if late else 0
        return changed + self._ledger.end_storms(now, self._policy.storm)

    def take_over(self) -> int:
        """See at once to what a former process left in `sending`; says how many jobs."""
        taken = 0
        while late := self._ledger.lapsed(self._clock.now() + self._policy.lease, self._policy.sweep):
            changed = self._see_to(late)
            if not changed:
                break
            taken += changed
        return taken

    def apply(self, reports: Sequence[Report]) -> int:
        """Record reports; says how many changed something."""
        void = self._ledger.record(reports, self._clock.now())
        _tell(reports, frozenset(void))
        return len(reports) - len(void)

    def _pass(self, entry: Entry, stopped: list[Report]) -> Claimed | None:
        """The job, if it may go out; a digest without what may not."""
        now = self._clock.now()
        listed: list[Entry] = []
        if entry.standing.digest:
            for one in self._ledger.bundle(entry.job.id):
                stop = self._gate.stops(one, now)
                if stop is not None:
                    stopped.append(stop)
                elif now < one.job.expires:
                    listed.append(one)
        stop = self._gate.stops(entry, now)
        if stop is not None:
            # The ledger lets the next one of its digest carry it.
            stopped.append(stop)
            return None
        return Claimed(entry, (*listed, entry) if listed else ())

    def _see_to(self, late: Sequence[Entry]) -> int:
        return self.apply([report_on(entry, self._late_verdict(entry)) for entry in late])

    def _late_verdict(self, entry: Entry) -> Verdict:
        if entry.standing.state is State.SENDING:
            return after_lapse(self._policy.retry, entry.standing, self._clock.now(), self._chance)
        return out_of_time(entry.standing)


def _tell(reports: Sequence[Report], void: frozenset[Report]) -> None:
    for report in reports:
        if report in void:
            message = "job %s, attempt %d: %s came too late to count"
            _log.warning(message, report.job, report.attempt, report.transition.value)
            continue
        level = logging.WARNING if report.transition in _BAD_ENDS else logging.INFO
        _log.log(level, "job %s, attempt %d: %s", report.job, report.attempt, report.transition.value)
        if report.fault is not None:
            _log.warning("job %s: its template failed, the built-in text stood in for it", report.job)
