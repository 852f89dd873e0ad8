"""Hard bounces: the suppression of an address that a mail server calls dead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.mailbox import mailbox, wire_address
from schemas.vocabulary import Channel
from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind, Stage

TERM: Final = timedelta(days=90)
"""How long a dead address is suppressed. It ends, since some mailboxes are opened again."""

HARD_BOUNCE: Final = "hard_bounce"


def suppression_of(job: Job, reply: Reply, now: datetime, term: timedelta = TERM) -> SuppressionRecord | None:
    """The suppression of the job's address, until `now + term`, where its refusal means that it is dead; else None.

    Only the answer to RCPT counts: later ones may be about the content.
    """
    if job.channel is not Channel.EMAIL or reply.kind is not ReplyKind.REFUSED or reply.stage is not Stage.RCPT:
        return None
    return hard_bounce(job, now, term) if reply.about is About.MAILBOX else None


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
