"""Pacing: how many jobs may be claimed now, and which, by the replies of late and by the relay's rate limit.

There are three transports: mail (faxes too, which go to a gateway as mails), SMS and chat. None waits for another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.mailbox import mailbox
from sender.delivery.backoff import Backoff, BackoffPolicy
from sender.delivery.domain_backoff import DomainBackoff, may_be_about_the_domain, puts_off_its_mailbox
from sender.delivery.relay_circuit import CircuitPolicy, RelayCircuit
from sender.delivery.retry import Chance
from sender.delivery.token_bucket import TokenBucket
from sender.ledger.claimable import ANY, Claimable
from sender.ledger.waits import MAILBOX, MOST_WAITS, RELAY, Wait
from sender.records import MAIL, TRANSPORTS, LedgerEntry, domain_of, recipient_of, transport_of
from sender.replies.reply import Reply, ReplyKind


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
    """How many jobs may be claimed, and which.

    With `is_choice` these are preferred and not required: where none of them is due, others may be claimed.
    """

    limit: int
    which: Claimable = ANY
    is_choice: bool = False


class Pacing:
    """Says what may be claimed next. It has to be told of each claim and each reply. Used from one thread."""

    def __init__(self, policy: PacingPolicy, chance: Chance) -> None:
        self._relay = RelayPacing(policy, chance)
        self._transports = {
            name: self._relay if name == MAIL else TransportPacing(name, policy.backoff, chance) for name in TRANSPORTS
        }

    def room(self, transport: str, now: datetime, free: int) -> Room:
        """What may be claimed for a transport that has `free` places for further jobs."""
        return self._transports[transport].room(now, free)

    def resumes(self, now: datetime) -> datetime | None:
        """The next moment after `now` at which there may be more room, by the clock alone."""
        moments = [one.resumes(now) for one in self._transports.values()]
        return min((moment for moment in moments if moment is not None), default=None)

    def claimed(self, transport: str, entries: Sequence[LedgerEntry], now: datetime) -> None:
        """These jobs were claimed, and are about to be tried."""
        self._transports[transport].claimed(entries, now)

    def asked(self, entry: LedgerEntry, now: datetime) -> None:
        """The job's message is about to be handed over."""
        self._of(entry).asked(entry, now)

    def waits(self, now: datetime) -> tuple[Wait, ...]:
        """What keeps due jobs back now: the longest waits, no more than people would read."""
        found = [one for transport in self._transports.values() for one in transport.waits(now)]
        mailboxes = [one for one in found if one.name.startswith(MAILBOX)]
        others = [one for one in found if not one.name.startswith(MAILBOX)]
        # Kept apart, so that many mailboxes don't crowd a domain or the relay out of what people read.
        longest = [wait for some in (others, mailboxes) for wait in sorted(some, reverse=True)[:MOST_WAITS]]
        return tuple(sorted(longest, reverse=True))

    def heard(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """The transport's answer for a job."""
        self._of(entry).heard(entry, reply, now)

    def ended(self, entry: LedgerEntry) -> None:
        """The attempt on a job is over, whether the transport was asked or not."""
        self._of(entry).ended(entry)

    def _of(self, entry: LedgerEntry) -> TransportPacing:
        return self._transports[transport_of(entry.job.channel)]


class TransportPacing:
    """The pace of one transport. A mailbox waits by its own replies, a domain by those of several of its mailboxes."""

    def __init__(self, name: str, policy: BackoffPolicy, chance: Chance) -> None:
        self._name = name
        self._of_each = policy.of_each
        self._mailboxes = Backoff(policy, chance)
        self._domains = DomainBackoff(policy, chance)
        self._under_way: Counter[str] = Counter()

    def room(self, now: datetime, free: int) -> Room:
        """See Pacing."""
        # A mailbox that was put off is no probe of its domain: it waits by itself, and is tried by itself.
        doubtful = self._mailboxes.may_be_probed(now)
        full = {one for one, number in self._under_way.items() if number >= self._of_each}
        which = Claimable(
            transport=self._name,
            not_domains=self._domains.waiting.blocked(now),
            despite=doubtful,
            not_recipients=self._mailboxes.blocked(now) | full,
            alone=doubtful | self._domains.waiting.may_be_probed(now),
            of_each=self._of_each,
            under_way=dict(self._under_way),
        )
        return Room(free, which)

    def resumes(self, now: datetime) -> datetime | None:
        """See Pacing."""
        moments = [self._mailboxes.resumes(now), self._domains.waiting.resumes(now)]
        return min((moment for moment in moments if moment is not None), default=None)

    def waits(self, now: datetime) -> list[Wait]:
        """See Pacing."""
        return self._domains.waiting.waits(now) + self._mailboxes.waits(now, MAILBOX)

    def claimed(self, entries: Sequence[LedgerEntry], now: datetime) -> None:
        """See Pacing."""
        for entry in entries:
            recipient = recipient_of(entry.job)
            self._under_way[recipient] += 1
            # A job to a mailbox that waits is the probe of that mailbox, and not of its domain.
            waiting = self._mailboxes if recipient in self._mailboxes else self._domains.waiting
            waiting.claimed(entry.job.id, recipient if recipient in self._mailboxes else domain_of(entry.job), now)

    def asked(self, entry: LedgerEntry, now: datetime) -> None:
        """See Pacing."""

    def heard(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """See Pacing."""
        job, recipient, domain = entry.job.id, recipient_of(entry.job), domain_of(entry.job)
        if reply.is_about_the_relay:
            # A text that is redirected goes out as a mail, so that here too a reply may be about the relay.
            self._domains.waiting.put_off(job, domain, now)
            return
        if puts_off_its_mailbox(reply):
            if may_be_about_the_domain(reply):
                self._domains.put_off(job, domain, mailbox(entry.job.address), now)
            self._mailboxes.put_off(job, recipient, now)
            return
        self._mailboxes.forget(recipient)
        if reply.kind is ReplyKind.ACCEPTED:
            self._domains.accepted(domain)

    def ended(self, entry: LedgerEntry) -> None:
        """See Pacing."""
        recipient = recipient_of(entry.job)
        self._under_way[recipient] -= 1
        if self._under_way[recipient] <= 0:
            del self._under_way[recipient]
        self._mailboxes.ended(entry.job.id, recipient)
        self._domains.waiting.ended(entry.job.id, domain_of(entry.job))


class RelayPacing(TransportPacing):
    """The pace of the mail relay, which has a circuit breaker, and may have a rate limit."""

    def __init__(self, policy: PacingPolicy, chance: Chance) -> None:
        super().__init__(MAIL, policy.backoff, chance)
        self._circuit = RelayCircuit(policy.circuit, chance)
        self._bucket = None if policy.rate is None else TokenBucket(policy.rate)

    def room(self, now: datetime, free: int) -> Room:
        """See Pacing."""
        limit = self._circuit.room(now, free)
        if self._bucket is not None:
            limit = max(0, min(limit, self._bucket.available(now)))
        room, avoided = super().room(now, limit), self._circuit.avoids()
        if not avoided:
            return room
        # No exception for single mailboxes here: the probe is to go to a domain that has not refused.
        which = replace(room.which, not_domains={*room.which.not_domains, *avoided}, despite=frozenset())
        return Room(limit, which, is_choice=True)

    def resumes(self, now: datetime) -> datetime | None:
        """See Pacing."""
        bucket = None if self._bucket is None else self._bucket.refills(now)
        moments = [self._circuit.resumes(), bucket, super().resumes(now)]
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def waits(self, now: datetime) -> list[Wait]:
        """See Pacing."""
        found = super().waits(now)
        if self._circuit.is_out_of_reach(now):
            found.append(Wait(max(self._circuit.resumes() or now, now), RELAY))
        return found

    def claimed(self, entries: Sequence[LedgerEntry], now: datetime) -> None:
        """See Pacing."""
        super().claimed(entries, now)
        self._circuit.claimed(entry.job.id for entry in entries)
        if self._bucket is not None:
            self._bucket.take(len(entries), now)

    def asked(self, entry: LedgerEntry, now: datetime) -> None:
        """See Pacing."""
        self._circuit.asked(entry.job.id, now)

    def heard(self, entry: LedgerEntry, reply: Reply, now: datetime) -> None:
        """See Pacing."""
        of_few = self._circuit.heard(entry.job.id, mailbox(entry.job.address), domain_of(entry.job), reply, now)
        for domain in of_few:
            self._domains.waiting.wait_longer(domain, now)
        # What is about the relay tells nothing of a mailbox, nor does silence while the relay is silent to all.
        was_asked = reply.stage is not None or reply.code is not None
        if was_asked and not reply.is_about_the_relay and not (reply.is_silence and self._circuit.is_open):
            super().heard(entry, reply, now)

    def ended(self, entry: LedgerEntry) -> None:
        """See Pacing."""
        super().ended(entry)
        self._circuit.ended(entry.job.id)
