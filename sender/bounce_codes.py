"""Which answers of a relay mean that an address is dead for good, and what to note down then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel
from sender.addresses import wire_address
from sender.ports import Reply, ReplyKind, Stage

TERM: Final = timedelta(days=90)
"""How long a dead address is left alone: some come back to life."""

HARD_BOUNCE: Final = "hard_bounce"

DEAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced codes (RFC 3463, RFC 7505) that say so: no such mailbox or domain, no address at all, moved, a domain that
takes no mail, disabled."""

BARE: Final = frozenset({550, 551, 553})
"""Codes (RFC 5321, section 4.2.3) that say so where no enhanced one does."""


def suppression_of(job: Job, reply: Reply, now: datetime, term: timedelta = TERM) -> SuppressionRecord | None:
    """The suppression of the job's address, until `now + term`, where its refusal means that it is dead; else None.

    Only the answer to RCPT is about an address. A policy (5.7.x), a full mailbox (5.2.2) or a relay's trouble (5.3.x)
    is not.
    """
    if job.channel is not Channel.EMAIL or reply.kind is not ReplyKind.REFUSED or reply.stage is not Stage.RCPT:
        return None
    if not (reply.code in BARE if reply.status is None else reply.status in DEAD):
        return None
    return hard_bounce(job, now, term)


def hard_bounce(job: Job, since: datetime, term: timedelta = TERM) -> SuppressionRecord:
    """The suppression of the job's address, from `since` for the term."""
    return SuppressionRecord(
        id=f"{job.channel.value}/{mailbox(job.address)}",
        channel=job.channel,
        address=job.address,
        reason=HARD_BOUNCE,
        since=since.isoformat().replace("+00:00", "Z"),
        until=since + term,
    )


def bounced(job: Job, recipient: str, reply: Reply, now: datetime) -> SuppressionRecord | None:
    """The same for a message that went to `recipient`, which may be another one than the job's: then None."""
    return suppression_of(job, reply, now) if recipient == wire_address(job.address) else None
