"""What follows from a mail that came back, checked against the installation's secrets and its ledger.

Anybody can write such a mail, and ids of jobs can be computed. So a bounce or a complaint counts only where it brings
the token of a message that this installation sent (see sender.proof): whoever writes it has had that message, or a
server on its way. A bounce suppresses only the address to which the message went. A mail opts out only with a token
that this installation wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.mailbox import mailbox, wire_address
from schemas.vocabulary import Channel, Trigger
from sender.bounces.hard_bounces import TERM, hard_bounce
from sender.bounces.reading import Fate, MailKind, ReturnedMail
from sender.proof import Proofs
from sender.records import LedgerEntry
from sender.replies.refusals import About
from sender.suppressions.opt_out import COMPLAINT, OptOutRequest, OptOutTokens

FAILED: Final = "failed"

COMPLAINTS: Final = ("abuse", "opt-out")
"""Types of feedback (RFC 5965, section 7.3) by which a person says that they don't want such messages."""

NOT_OURS: Final = "it returns no message of this installation"
UNKNOWN_JOB: Final = "the ledger doesn't know the message that it returns"
NOT_PROVEN: Final = "its Message-ID is of an earlier release, and proves nothing: anybody can write it"
NOT_TO_THEM: Final = "that message went to another address"
BEHIND_IT: Final = "it is about one mailbox behind that address, and there may be others"
NOT_FAILED: Final = "nothing has failed for good"
NOT_DEAD: Final = "it doesn't say that the address is dead"
TOO_OLD: Final = "it is so old that its suppression would have ended"
NO_COMPLAINT: Final = "it doesn't say that somebody wants no such messages"
BAD_TOKEN: Final = "its token is none of this installation's"  # noqa: S105 - words about one


class Evidence(Struct, frozen=True):
    """What a mail is checked against.

    `find` gives the job of an id, `bundle` those that its digest lists besides (see sender.ledger.jobs). With
    `believes_unproven` a bounce counts that has only the job's id, as messages of the first release have it.
    """

    find: Callable[[str], LedgerEntry | None]
    bundle: Callable[[str], Sequence[LedgerEntry]]
    opt_outs: OptOutTokens
    proofs: Proofs
    believes_unproven: bool = False


class Finding(Struct, frozen=True):
    """What one mail is, and what follows from it.

    `job` is the id of the job whose message it returns or answers, `entry` that job where the ledger has it, `fate`
    what it says of that job's recipient; `records` are the suppressions that follow, `why` says why there is none.
    """

    mail: ReturnedMail
    job: str | None = None
    entry: LedgerEntry | None = None
    fate: Fate | None = None
    records: Sequence[SuppressionRecord] = ()
    why: str | None = None


def finding(mail: ReturnedMail, evidence: Evidence, now: datetime) -> Finding:
    """Judge what a mail claims. Reading a mail again gives the same records."""
    wanted = evidence.opt_outs.first(mail.opt_outs)
    if wanted is not None:
        return Finding(replace(mail, kind=MailKind.OPT_OUT), records=wanted.records(min(mail.date or now, now)))
    if mail.kind is MailKind.OPT_OUT:
        return Finding(mail, why=BAD_TOKEN)
    proven = evidence.proofs.first(mail.proofs)
    job = proven or mail.old_job
    entry = None if job is None else evidence.find(job)
    if mail.kind not in (MailKind.BOUNCE, MailKind.COMPLAINT):
        return Finding(mail, job, entry)
    if entry is None:
        return Finding(mail, job, fate=_first(mail.fates), why=NOT_OURS if job is None else UNKNOWN_JOB)
    is_proven = proven is not None or evidence.believes_unproven
    if mail.kind is MailKind.COMPLAINT:
        return _complaint(mail, entry, evidence.bundle(entry.job.id), is_proven, now)
    return _bounce(mail, entry, is_proven, now)


def _bounce(mail: ReturnedMail, entry: LedgerEntry, is_proven: bool, now: datetime) -> Finding:
    job = entry.job.id
    own = sorted(
        (fate for fate in mail.fates if _is_to(fate, entry.job)), key=lambda one: not _is_their_own(one, entry.job)
    )
    fate = next((fate for fate in own if fate.action == FAILED), _first(own))
    if not is_proven:
        return Finding(mail, job, entry, fate or _first(mail.fates), why=NOT_PROVEN)
    if fate is None:
        return Finding(mail, job, entry, _first(mail.fates), why=NOT_TO_THEM)
    if fate.action != FAILED:
        return Finding(mail, job, entry, fate, why=NOT_FAILED)
    if not _is_their_own(fate, entry.job):
        return Finding(mail, job, entry, fate, why=BEHIND_IT)
    if fate.about is not About.MAILBOX:
        return Finding(mail, job, entry, fate, why=NOT_DEAD)
    # By its own date, so that the mail can be read again without an end; but not before its job, nor in the future.
    since = min(max(mail.date or now, entry.job.created), now)
    if since + TERM <= now:
        return Finding(mail, job, entry, fate, why=TOO_OLD)
    return Finding(mail, job, entry, fate, [hard_bounce(entry.job, since)])


def _complaint(
    mail: ReturnedMail, entry: LedgerEntry, bundled: Sequence[LedgerEntry], is_proven: bool, now: datetime
) -> Finding:
    """It stops that person's e-mails of that kind: those of the message's trigger, of a digest all that are in it."""
    job = entry.job
    if not is_proven:
        return Finding(mail, job.id, entry, why=NOT_PROVEN)
    if mail.feedback not in COMPLAINTS or job.channel is not Channel.EMAIL:
        return Finding(mail, job.id, entry, why=NO_COMPLAINT)
    told = {one.trigger for one in (entry, *bundled) if one.job.person == job.person}
    kinds = tuple(trigger for trigger in Trigger if trigger in told)
    unwanted = OptOutRequest(job.person.kind, job.person.id, job.channel, kinds, job.language)
    return Finding(mail, job.id, entry, records=unwanted.records(min(mail.date or now, now), COMPLAINT))


def _is_to(fate: Fate, job: Job) -> bool:
    return job.channel is Channel.EMAIL and any(mailbox(address) in _spellings(job) for address in fate.addresses)


def _is_their_own(fate: Fate, job: Job) -> bool:
    """Whether the mailbox is the one to which the job went, perhaps renamed into another domain.

    The job may have gone to a list: then a report names a member of it, who must not cost the others their messages.
    """
    final, own = mailbox(fate.addresses[0]), _spellings(job)
    return final in own or final.rpartition("@")[0] in {one.rpartition("@")[0] for one in own}


def _spellings(job: Job) -> set[str]:
    return {mailbox(job.address), mailbox(wire_address(job.address) or job.address)}


def _first(fates: Sequence[Fate]) -> Fate | None:
    return fates[0] if fates else None
