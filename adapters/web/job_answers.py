"""Jobs of the ledger as the API answers with them: names, addresses and texts only for whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET

from schemas.api_answers import HeldBack, JobAnswer, JobChangeAnswer, JobDetails
from schemas.vocabulary import Channel
from sender.ledger.outlook import holding, next_try
from sender.ledger.waits import MAILBOX, RELAY, Wait
from sender.messages.subject import subject_line
from sender.records import Change, LedgerEntry, Listed


def summary_of(
    listed: Listed, changes: Sequence[Change], waits: Sequence[Wait], now: datetime, personal: bool
) -> JobAnswer:
    """One of a list."""
    return JobAnswer(**_fields(listed.entry, changes, waits, now, personal))


def details_of(
    entry: LedgerEntry, changes: Sequence[Change], waits: Sequence[Wait], now: datetime, personal: bool
) -> JobDetails:
    """One job whole."""
    job = entry.job
    return JobDetails(
        **_fields(entry, changes, waits, now, personal),
        other_triggers=job.other_triggers,
        categories=job.categories,
        rules=job.rules,
        rulebook=job.rulebook,
        languages=[*job.languages],
        changes=[_change(one, personal) for one in changes],
    )


def _fields(
    entry: LedgerEntry, changes: Sequence[Change], waits: Sequence[Wait], now: datetime, personal: bool
) -> dict[str, Any]:
    job, stands, last = entry.job, entry.standing, changes[-1]
    return {
        "id": job.id,
        "source": job.source,
        "event": job.event,
        "ticket": job.ticket,
        "customer": job.customer,
        "person": job.person,
        "channel": job.channel,
        "trigger": entry.trigger,
        "template": entry.form.template,
        "accepted": changes[0].at,
        "changed": last.at,
        "expires": job.expires,
        "state": stands.state.value,
        "hold": None if stands.hold is None else stands.hold.value,
        "attempts": stands.attempt,
        "next_try": next_try(entry, waits, now),
        "held_back": [HeldBack(_named(one), one.until) for one in holding(entry, waits)],
        "code": last.code,
        **(_personal(entry, last) if personal else {}),
    }


def _personal(entry: LedgerEntry, last: Change) -> dict[str, Any]:
    job = entry.job
    has_subject = job.channel in (Channel.EMAIL, Channel.FAX)
    return {
        "name": job.context.person_name or UNSET,
        "address": job.address,
        "subject": subject_line(job, entry.form.subject_keyword) if has_subject else UNSET,
        "text": last.text,
    }


def _named(wait: Wait) -> str:
    """What is waited for, without the domain: that may be one person's own."""
    if wait.name == RELAY:
        return RELAY
    return "mailbox" if wait.name.startswith(MAILBOX) else "domain"


def _change(change: Change, personal: bool) -> JobChangeAnswer:
    return JobChangeAnswer(
        at=change.at,
        transition=change.transition.value,
        state=change.state.value,
        attempt=change.attempt,
        code=change.code,
        text=change.text if personal else UNSET,
    )
