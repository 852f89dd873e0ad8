"""What follows from a mail that came back, held against the ledger: anybody can write one.

A bounce suppresses an address only where it returns a message that this installation sent to that very address. A
mail opts out only with a token that this installation wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel
from sender.addresses import wire_address
from sender.bounces import Fate, MailKind, ReturnedMail
from sender.entries import Entry
from sender.hard_bounces import TERM, hard_bounce
from sender.opt_out import OptOutTokens
from sender.refusals import About

FAILED: Final = "failed"

NOT_OURS: Final = "it returns no message of this installation"
UNKNOWN_JOB: Final = "the ledger doesn't know the message that it returns"
NOT_TO_THEM: Final = "that message went to another address"
NOT_FAILED: Final = "nothing has failed for good"
NOT_DEAD: Final = "it doesn't say that the address is dead"
TOO_OLD: Final = "it is so old that its suppression would have ended"
BAD_TOKEN: Final = "its token is none of this installation's"  # noqa: S105 - words about one


class Finding(Struct, frozen=True):
    """What one mail is, and what follows from it.

    `entry` is the job whose message it returns or answers, `fate` what it says of that job's recipient; `records` are
    the suppressions that follow, and `why` says why there is none.
    """

    mail: ReturnedMail
    entry: Entry | None = None
    fate: Fate | None = None
    records: Sequence[SuppressionRecord] = ()
    why: str | None = None


def finding(mail: ReturnedMail, find: Callable[[str], Entry | None], tokens: OptOutTokens, now: datetime) -> Finding:
    """Judge what a mail claims; `find` gives the job of an id. Reading a mail again gives the same records."""
    entry = None if mail.job is None else find(mail.job)
    if mail.kind is MailKind.OPT_OUT:
        wanted = tokens.read(mail.token or "")
        if wanted is None:
            return Finding(mail, why=BAD_TOKEN)
        return Finding(mail, records=wanted.records(min(mail.date or now, now)))
    if mail.kind is not MailKind.BOUNCE:
        return Finding(mail, entry)
    if entry is None:
        return Finding(mail, fate=_first(mail.fates), why=NOT_OURS if mail.job is None else UNKNOWN_JOB)
    return _bounce(mail, entry, now)


def _bounce(mail: ReturnedMail, entry: Entry, now: datetime) -> Finding:
    own = [fate for fate in mail.fates if _is_to(fate, entry.job)]
    fate = next((fate for fate in own if fate.action == FAILED), _first(own))
    if fate is None:
        return Finding(mail, entry, _first(mail.fates), why=NOT_TO_THEM)
    if fate.action != FAILED:
        return Finding(mail, entry, fate, why=NOT_FAILED)
    if fate.about is not About.MAILBOX:
        return Finding(mail, entry, fate, why=NOT_DEAD)
    # By its own date, so that the mail can be read again without an end; but not before its job, nor in the future.
    since = min(max(mail.date or now, entry.job.created), now)
    if since + TERM <= now:
        return Finding(mail, entry, fate, why=TOO_OLD)
    return Finding(mail, entry, fate, [hard_bounce(entry.job, since)])


def _is_to(fate: Fate, job: Job) -> bool:
    if job.channel is not Channel.EMAIL:
        return False
    own = {mailbox(job.address), mailbox(wire_address(job.address) or job.address)}
    return any(mailbox(address) in own for address in fate.addresses)


def _first(fates: Sequence[Fate]) -> Fate | None:
    return fates[0] if fates else None
