"""A circuit breaker for the relay: while no session with it is possible, no job is tried.

It is pure: time and chance are passed in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from sender.delivery.retry import Chance
from sender.replies.reply import BEFORE_MAIL, Reply

_log: Final = logging.getLogger(__name__)


class CircuitPolicy(Struct, frozen=True):
    """How long a relay is left alone that can't be reached, or refuses every session.

    After the n-th failure in a row the pause is `first_pause * growth ** (n - 1)`, at most `longest_pause`, less a
    random part of up to `jitter` of it, so that several senders do not come back at the same moment.

    A silent relay counts as out of reach. It is silent once it took `silent_tries` messages in a row, to more than one
    mailbox, without an answer to any; or once it has answered nothing for `silence` while a message waited for it.

    A refusal of this sender that only recipients in at most `few_domains` domains get is taken for those domains' own,
    which the relay passes on.
    """

    first_pause: timedelta = timedelta(seconds=1)
    growth: float = 2.0
    longest_pause: timedelta = timedelta(seconds=10)
    jitter: float = 0.25
    silent_tries: int = 3
    silence: timedelta = timedelta(seconds=30)
    few_domains: int = 10

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that would hammer the relay."""
        if not timedelta(0) < self.first_pause <= self.longest_pause:
            raise ValueError("pauses must hold 0 < first_pause <= longest_pause")
        if not 0 <= self.jitter < 1 or self.growth < 1:
            raise ValueError("jitter is at least 0 and below 1, growth at least 1")
        if self.silent_tries < 2 or self.silence <= timedelta(0):  # noqa: PLR2004 - one try may be a mailbox's affair
            raise ValueError("silent_tries is at least 2, silence more than 0")

    def pause(self, failures: int, chance: Chance) -> timedelta:
        """The pause after so many failures in a row."""
        seconds = self.first_pause.total_seconds()
        for _ in range(failures - 1):
            seconds = min(seconds * self.growth, self.longest_pause.total_seconds())
        return timedelta(seconds=seconds) * (1 - self.jitter * chance())


class RelayCircuit:
    """Closed: jobs are tried. Open: none is. After a pause one job goes as the probe, whose answer may close it again.

    A refusal that sounds as if it were about this sender may be the word of one domain, which the relay passes on. So
    the probe goes, where such a job is due, to a domain that has not refused so. If it is answered otherwise, the
    refusal was those domains' own.
    """

    def __init__(self, policy: CircuitPolicy, chance: Chance) -> None:
        self._policy = policy
        self._chance = chance
        self._failures = 0
        self._until: datetime | None = None
        self._opened: datetime | None = None
        self._probe: str | None = None
        self._asked: dict[str, datetime] = {}
        self._answered: datetime | None = None
        self._silent: list[str] = []
        self._told: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether the relay counts as out of reach."""
        return self._until is not None

    def is_out_of_reach(self, now: datetime) -> bool:
        """Whether it is open, or the relay has been silent for so long that it counts as open."""
        return self.is_open or self._is_silent(now)

    def room(self, now: datetime, wanted: int) -> int:
        """How many of `wanted` jobs may be tried now."""
        if self._until is None:
            return 0 if self._is_silent(now) else wanted
        return min(wanted, 1) if self._probe is None and self._until <= now else 0

    def avoids(self) -> frozenset[str]:
        """The domains that have refused, to which no probe goes while a job for another one is due."""
        return frozenset(self._told)

    def resumes(self) -> datetime | None:
        """When the next probe may go; None where none is waited for."""
        return self._until if self._probe is None else None

    def claimed(self, jobs: Iterable[str]) -> None:
        """These jobs are about to be tried; none, where jobs are due only for domains that `avoids` names."""
        if self._until is not None and self._probe is None:
            self._probe = next(iter(jobs), None)
            if self._probe is None:
                # Nobody else can be asked, so that the next probe may go to any of them.
                self._told.clear()

    def asked(self, job: str, now: datetime) -> None:
        """The relay is about to be asked to take this job's message."""
        self._asked[job] = now

    def heard(self, job: str, mailbox: str, domain: str, reply: Reply, now: datetime) -> frozenset[str]:
        """The transport's answer for a job to this mailbox and domain.

        Returns the domains whose affair it was that the circuit opened, once that shows.
        """
        self._asked.pop(job, None)
        if reply.stage is None:
            return frozenset()  # no relay was asked
        if reply.is_about_the_relay:
            self._failed(job, domain, reply, now)
        elif reply.is_silence:
            self._silent = [*self._silent, mailbox][-self._policy.silent_tries :]
            # One mailbox may have content on which the relay chokes: that says nothing of others.
            if self.is_open or (len(self._silent) >= self._policy.silent_tries and len(set(self._silent)) > 1):
                self._failed(job, domain, reply, now)
        else:
            return self._closed(domain, now)
        return frozenset()

    def ended(self, job: str) -> None:
        """The try on a job is over, whatever came of it: a probe that asked no relay is followed by another one."""
        self._asked.pop(job, None)
        if job == self._probe:
            self._probe = None

    def _closed(self, domain: str, now: datetime) -> frozenset[str]:
        told, self._told = self._told, set()
        self._tell_closed(now)
        self._failures, self._until, self._probe = 0, None, None
        self._silent, self._answered = [], now
        is_theirs = domain not in told and len(told) <= self._policy.few_domains
        return frozenset(told) if is_theirs else frozenset()

    def _failed(self, job: str, domain: str, reply: Reply, now: datetime) -> None:
        if reply.stage in BEFORE_MAIL:
            # No recipient had been named yet, so it can be no domain's word.
            self._told.clear()
        elif len(self._told) <= self._policy.few_domains:
            self._told.add(domain)
        # Jobs that were under way when it opened tell nothing new, so they make the pause no longer.
        if self._until is None or job == self._probe:
            self._tell_failed(reply, now)
            self._failures += 1
            self._until = now + self._policy.pause(self._failures, self._chance)
            self._probe = None

    def _tell_failed(self, reply: Reply, now: datetime) -> None:
        """Log that it opens, without the relay's words, which may hold addresses."""
        if self._opened is None:
            self._opened = now
            answer = {"stage": reply.stage, "code": reply.code, "status": reply.status, "why": reply.why}
            said = {name: value for name, value in answer.items() if value is not None}
            _log.warning("relay_circuit_opened", extra=said)

    def _tell_closed(self, now: datetime) -> None:
        if self._opened is not None:
            _log.info("relay_circuit_closed", extra={"seconds": round((now - self._opened).total_seconds(), 1)})
            self._opened = None

    def _is_silent(self, now: datetime) -> bool:
        """Whether the relay has answered nothing for `silence`, while a message waited for it all that time."""
        oldest = min(self._asked.values(), default=now)
        waits_for = now - max(oldest, self._answered or oldest)
        return waits_for >= self._policy.silence
