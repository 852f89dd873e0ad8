"""The circuit to the relay: while no session with it can be had, no job is tried. Time and chance are passed in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from sender.ports import Reply
from sender.retry import Chance


class CircuitPolicy(Struct, frozen=True):
    """How long to leave a relay alone that can't be reached, or refuses to speak.

    After the n-th failure in a row that is `first_pause * growth ** (n - 1)`, at most `longest_pause`, less a random
    part of up to `jitter` of it, so that several senders do not come back together.
    """

    first_pause: timedelta = timedelta(seconds=1)
    growth: float = 2.0
    longest_pause: timedelta = timedelta(minutes=1)
    jitter: float = 0.25

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that would hammer the relay."""
        if not timedelta(0) < self.first_pause <= self.longest_pause:
            raise ValueError("pauses must hold 0 < first_pause <= longest_pause")
        if not 0 <= self.jitter < 1 or self.growth < 1:
            raise ValueError("jitter is at least 0 and below 1, growth at least 1")

    def pause(self, failures: int, chance: Chance) -> timedelta:
        """The pause after so many failures in a row."""
        seconds = self.first_pause.total_seconds()
        for _ in range(failures - 1):
            seconds = min(seconds * self.growth, self.longest_pause.total_seconds())
        return timedelta(seconds=seconds) * (1 - self.jitter * chance())


class RelayCircuit:
    """Closed: jobs are tried. Open: none is. After its pause one job is the probe, whose answer closes it or not."""

    def __init__(self, policy: CircuitPolicy, chance: Chance) -> None:
        self._policy = policy
        self._chance = chance
        self._failures = 0
        self._until: datetime | None = None
        self._probe: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the relay counts as out of reach."""
        return self._until is not None

    def room(self, now: datetime, wanted: int) -> int:
        """How many of `wanted` jobs may be tried now."""
        if self._until is None:
            return wanted
        return min(wanted, 1) if self._probe is None and self._until <= now else 0

    def resumes(self) -> datetime | None:
        """When the next probe may go; None where none is waited for."""
        return self._until if self._probe is None else None

    def claimed(self, jobs: Iterable[str]) -> None:
        """These jobs are about to be tried."""
        if self._until is not None and self._probe is None:
            self._probe = next(iter(jobs), None)

    def heard(self, job: str, reply: Reply, now: datetime) -> None:
        """The transport's answer for a job."""
        if reply.stage is None:
            return  # no relay was asked
        if not reply.is_about_the_relay:
            self._failures, self._until, self._probe = 0, None, None
        elif self._until is None or job == self._probe:
            # Others that were under way when it opened say nothing new.
            self._failures += 1
            self._until = now + self._policy.pause(self._failures, self._chance)
            self._probe = None

    def ended(self, job: str) -> None:
        """The try on a job is over, whatever came of it: a probe that asked no relay is followed by another one."""
        if job == self._probe:
            self._probe = None
