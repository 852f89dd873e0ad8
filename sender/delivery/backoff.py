"""Backoff: a mailbox or domain that was put off waits, longer each time. Time and chance are passed in."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from msgspec import Struct

from sender.delivery.retry import Chance
from sender.ledger.waits import Wait


class BackoffPolicy(Struct, frozen=True):
    """How long a mailbox or a domain waits after it was put off, and what puts off a domain.

    The first wait is `first_pause`. After each further deferral it is `growth` times as long, at most `longest_pause`,
    less a random part of up to `jitter` of it. A mailbox waits from its first deferral on. A domain waits once more
    than `tolerated` of its mailboxes were put off with nothing accepted in between. At most `of_each` messages are on
    their way to one mailbox at a time. `remembered` bounds how many mailboxes, and how many domains, are known: the one
    that was heard of longest ago is forgotten first.
    """

    tolerated: int = 4
    first_pause: timedelta = timedelta(seconds=30)
    growth: float = 2.0
    longest_pause: timedelta = timedelta(minutes=5)
    jitter: float = 0.25
    of_each: int = 4
    remembered: int = 1_000

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that can't be kept."""
        if self.tolerated < 0 or self.remembered < 1 or self.of_each < 1:
            raise ValueError("tolerated is at least 0, remembered and of_each at least 1")
        if not timedelta(0) < self.first_pause <= self.longest_pause:
            raise ValueError("pauses must hold 0 < first_pause <= longest_pause")
        if not 0 <= self.jitter < 1 or self.growth < 1:
            raise ValueError("jitter is at least 0 and below 1, growth at least 1")


class _Waiting(Struct):
    """One that waits: its last `pause`, which ends at `until`, and the job (`probe`) that then finds out how it is."""

    until: datetime
    pause: timedelta
    probe: str | None = None

    def is_blocked(self, now: datetime) -> bool:
        return now < self.until or self.probe is not None


class Backoff:
    """The mailboxes, or domains, that wait. After its pause each gets one job at a time, until one is accepted."""

    def __init__(self, policy: BackoffPolicy, chance: Chance) -> None:
        self._policy = policy
        self._chance = chance
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        """Whether it waits, or is being probed."""
        return name in self._waiting

    def blocked(self, now: datetime) -> frozenset[str]:
        """Those to which nothing is to be sent now."""
        return frozenset(name for name, one in self._waiting.items() if one.is_blocked(now))

    def may_be_probed(self, now: datetime) -> frozenset[str]:
        """Those to which one job may be sent, to find out whether they take mail again."""
        return frozenset(name for name, one in self._waiting.items() if not one.is_blocked(now))

    def waits(self, now: datetime, prefix: str = "") -> list[Wait]:
        """Those that wait, and until when. One whose pause has ended waits for the answer to its probe: until now."""
        return [Wait(max(one.until, now), prefix + name) for name, one in self._waiting.items()]

    def resumes(self, now: datetime) -> datetime | None:
        """When the next pause ends."""
        return min((one.until for one in self._waiting.values() if one.until > now), default=None)

    def claimed(self, job: str, name: str, now: datetime) -> None:
        """A job is about to be tried."""
        one = self._waiting.get(name)
        if one is not None and not one.is_blocked(now):
            one.probe = job

    def put_off(self, job: str, name: str, now: datetime) -> None:
        """A job was put off. One that was under way when the wait began makes it no longer: it tells nothing new."""
        one = self._waiting.get(name)
        if one is None or one.probe == job:
            self.wait_longer(name, now)
        else:
            self._waiting.move_to_end(name)

    def wait_longer(self, name: str, now: datetime) -> None:
        """It waits from now on, longer than the last time."""
        policy, one = self._policy, self._waiting.get(name)
        last = timedelta(0) if one is None else one.pause
        pause = min(max(last * policy.growth, policy.first_pause), policy.longest_pause)
        self._waiting[name] = _Waiting(now + pause * (1 - policy.jitter * self._chance()), pause)
        self._waiting.move_to_end(name)
        if len(self._waiting) > self._policy.remembered:
            self._waiting.popitem(last=False)

    def forget(self, name: str) -> None:
        """It waits no more."""
        self._waiting.pop(name, None)

    def ended(self, job: str, name: str) -> None:
        """The try on a job is over, whatever came of it: a probe that said nothing is followed by another one."""
        one = self._waiting.get(name)
        if one is not None and one.probe == job:
            one.probe = None
