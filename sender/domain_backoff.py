"""Back-off by domain: where the relay puts off one domain's mail, that domain waits. Time and chance are passed in.

What a reply says of one mailbox (RFC 3463, X.2.X: full, disabled) says nothing of its domain, nor does what the relay
says before it hears of a message.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from msgspec import Struct

from sender.ports import Reply, ReplyKind
from sender.retry import Chance
from sender.waits import Wait

_ABOUT_A_MAILBOX = "4.2."


class BackoffPolicy(Struct, frozen=True):
    """When a domain waits, and how long.

    `tolerated` deferrals in a row are nothing special. From the next one on, the domain waits `first_pause`, then
    `growth` times as long after each further one, at most `longest_pause`, less a random part of up to `jitter` of it.
    `domains` bounds how many are remembered: the one that was heard of longest ago is forgotten first.
    """

    tolerated: int = 4
    first_pause: timedelta = timedelta(seconds=30)
    growth: float = 2.0
    longest_pause: timedelta = timedelta(minutes=5)
    jitter: float = 0.25
    domains: int = 1_000

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that can't be kept."""
        if self.tolerated < 0 or self.domains < 1:
            raise ValueError("tolerated is at least 0, domains at least 1")
        if not timedelta(0) < self.first_pause <= self.longest_pause:
            raise ValueError("pauses must hold 0 < first_pause <= longest_pause")
        if not 0 <= self.jitter < 1 or self.growth < 1:
            raise ValueError("jitter is at least 0 and below 1, growth at least 1")


class _Domain(Struct):
    """`deferrals` in a row; once it waits: `pause` is its last one, `until` the end of it, `probe` the job at it."""

    deferrals: int = 0
    pause: timedelta = timedelta(0)
    until: datetime | None = None
    probe: str | None = None

    def is_blocked(self, now: datetime) -> bool:
        return self.until is not None and (now < self.until or self.probe is not None)

    def may_be_probed(self, now: datetime) -> bool:
        return self.until is not None and not self.is_blocked(now)


class DomainBackoff:
    """Which domains wait. After its pause a domain gets one job at a time, until one is accepted."""

    def __init__(self, policy: BackoffPolicy, chance: Chance) -> None:
        self._policy = policy
        self._chance = chance
        self._domains: OrderedDict[str, _Domain] = OrderedDict()

    def blocked(self, now: datetime) -> frozenset[str]:
        """The domains of which nothing is to be tried now."""
        return frozenset(name for name, domain in self._domains.items() if domain.is_blocked(now))

    def waits(self, now: datetime) -> list[Wait]:
        """The domains that wait, and until when; those whose pause has ended wait for their one job's answer."""
        return [Wait(max(one.until, now), name) for name, one in self._domains.items() if one.until is not None]

    def is_probing(self, now: datetime) -> bool:
        """Whether the next job of some domain must be alone, so that jobs have to be claimed one by one."""
        return any(domain.may_be_probed(now) for domain in self._domains.values())

    def resumes(self, now: datetime) -> datetime | None:
        """When the next pause ends."""
        return min((one.until for one in self._domains.values() if one.until and one.until > now), default=None)

    def claimed(self, job: str, name: str, now: datetime) -> None:
        """A job to this domain is about to be tried."""
        domain = self._domains.get(name)
        if domain is not None and domain.may_be_probed(now):
            domain.probe = job

    def heard(self, job: str, name: str, reply: Reply, now: datetime) -> None:
        """The transport's answer for a job to this domain."""
        if reply.kind is ReplyKind.ACCEPTED:
            self._domains.pop(name, None)
        elif _is_about_the_domain(reply):
            domain = self._remembered(name)
            if domain.until is None:
                domain.deferrals += 1
                if domain.deferrals > self._policy.tolerated:
                    self._pause(domain, now)
            elif domain.probe == job:
                # Others that were under way when it began to wait say nothing new.
                self._pause(domain, now)

    def ended(self, job: str, name: str) -> None:
        """The try on a job to this domain is over, whatever came of it."""
        domain = self._domains.get(name)
        if domain is not None and domain.probe == job:
            domain.probe = None

    def _remembered(self, name: str) -> _Domain:
        domain = self._domains.setdefault(name, _Domain())
        self._domains.move_to_end(name)
        if len(self._domains) > self._policy.domains:
            self._domains.popitem(last=False)
        return domain

    def _pause(self, domain: _Domain, now: datetime) -> None:
        policy = self._policy
        domain.pause = min(max(domain.pause * policy.growth, policy.first_pause), policy.longest_pause)
        domain.until = now + domain.pause * (1 - policy.jitter * self._chance())
        domain.probe = None


def _is_about_the_domain(reply: Reply) -> bool:
    if reply.kind is not ReplyKind.DEFERRED or reply.is_about_the_relay:
        return False
    return reply.status is None or not reply.status.startswith(_ABOUT_A_MAILBOX)
