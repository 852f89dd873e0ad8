"""How many jobs may be tried now, and to which domains, by what the relay said lately and how fast it may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from schemas.mailbox import mailbox
from schemas.vocabulary import Channel
from sender.domain_backoff import BackoffPolicy, DomainBackoff
from sender.entries import Entry, domain_of
from sender.ports import Reply
from sender.rate import TokenBucket
from sender.relay_circuit import CircuitPolicy, RelayCircuit
from sender.retry import Chance
from sender.waits import MOST_WAITS, RELAY, Wait

_BY_RELAY: Final = frozenset({Channel.EMAIL, Channel.FAX})
"""Channels whose messages go to the mail relay."""


class PacingPolicy(Struct, frozen=True):
    """`rate` is how many messages a second the relay may be asked to take, at most; None: as many as it can."""

    circuit: CircuitPolicy = field(default_factory=CircuitPolicy)
    backoff: BackoffPolicy = field(default_factory=BackoffPolicy)
    rate: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a rate at which nothing would be sent."""
        if self.rate is not None:
            TokenBucket(self.rate)


class Room(Struct, frozen=True):
    """How many jobs may be claimed, none of them to a domain in `avoid`."""

    limit: int
    avoid: frozenset[str] = frozenset()


class Pacing:
    """Told of each claim and each reply, it says what may be claimed next. Used from one thread."""

    def __init__(self, policy: PacingPolicy, chance: Chance) -> None:
        self._circuit = RelayCircuit(policy.circuit, chance)
        self._backoff = DomainBackoff(policy.backoff, chance)
        self._bucket = None if policy.rate is None else TokenBucket(policy.rate)

    def room(self, now: datetime, free: int) -> Room:
        """What may be claimed, where `free` more jobs could be under way."""
        limit = self._circuit.room(now, free)
        if self._bucket is not None:
            limit = max(0, min(limit, self._bucket.available(now)))
        if self._backoff.is_probing(now):
            limit = min(limit, 1)
        return Room(limit, self._backoff.blocked(now))

    def resumes(self, now: datetime) -> datetime | None:
        """The next moment after `now` at which there may be more room, by the clock alone."""
        moments = [
            self._circuit.resumes(),
            self._backoff.resumes(now),
            None if self._bucket is None else self._bucket.refills(now),
        ]
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def claimed(self, entries: Sequence[Entry], now: datetime) -> None:
        """These jobs were claimed, and are about to be tried."""
        self._circuit.claimed(entry.job.id for entry in entries)
        for entry in entries:
            self._backoff.claimed(entry.job.id, domain_of(entry.job), now)
        if self._bucket is not None:
            self._bucket.take(len(entries), now)

    def asked(self, entry: Entry, now: datetime) -> None:
        """The job's message is about to be handed over."""
        if entry.job.channel in _BY_RELAY:
            self._circuit.asked(entry.job.id, now)

    def is_relay_out_of_reach(self, now: datetime) -> bool:
        """Whether the relay takes nothing: it can't be reached, or says nothing to what it is given."""
        return self._circuit.is_out_of_reach(now)

    def waits(self, now: datetime) -> tuple[Wait, ...]:
        """What keeps due jobs back now: the longest waits, no more than people would read."""
        found = self._backoff.waits(now)
        if self.is_relay_out_of_reach(now):
            found.append(Wait(max(self._circuit.resumes() or now, now), RELAY))
        return tuple(sorted(found, reverse=True)[:MOST_WAITS])

    def heard(self, entry: Entry, reply: Reply, now: datetime) -> None:
        """The transport's answer for a job."""
        self._circuit.heard(entry.job.id, mailbox(entry.job.address), reply, now)
        self._backoff.heard(entry.job.id, domain_of(entry.job), reply, now)

    def ended(self, entry: Entry) -> None:
        """The try on a job is over, whether the transport was asked or not."""
        self._circuit.ended(entry.job.id)
        self._backoff.ended(entry.job.id, domain_of(entry.job))
