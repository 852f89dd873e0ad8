"""Jobs in lines of text, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sender.ledger.outlook import is_over, next_try
from sender.ledger.waits import Wait
from sender.messages.plain_text import one_line
from sender.records import Change, LedgerEntry, Listed
from sender.states import WAITING, State
from tocsin.operations.jobs.outlook import obstacles, time

_MOST_BUNDLED: Final = 20
"""Jobs of a digest that are named."""
WORDS: Final = 120
"""Characters of a reply in a list that somebody looks at."""
WHOLE: Final = 1_000
"""Characters of a reply where it is shown whole: no longer one is kept."""


def line(listed: Listed, last: Change | None, waits: Sequence[Wait], now: datetime, limit: int = WORDS) -> str:
    """One job in one line: id, when it was accepted, how it stands, what it is about, and the last words on it.

    Then what keeps it back (`waits`), or has ended for it. No more than `limit` characters of the words.
    """
    entry, job = listed.entry, listed.entry.job
    words = "" if last is None else said(last, limit)
    about = f"{entry.trigger} {job.channel} {job.person} {one_line(job.ticket, WHOLE)}"
    notes = "; ".join(obstacles(entry, waits, now))
    parts = (job.id, time(listed.accepted), state(entry), about, words, f"({notes})" if notes else "")
    return "  ".join(part for part in parts if part)


def state(entry: LedgerEntry) -> str:
    """How it stands, in one word, and by what it is held."""
    hold = entry.standing.hold
    return entry.standing.state.value if hold is None else f"{entry.standing.state}/{hold}"


def said(change: Change, limit: int) -> str:
    """The other side's code and words, or ours where it said none."""
    # A relay's words may hold line ends and controls, and must not look like a line of ours.
    parts = [str(part) for part in (change.code, change.text) if part is not None]
    return one_line(" ".join(parts), limit)


def heading(entry: LedgerEntry) -> Iterator[str]:
    """Who is told of what, by which way and why. No texts."""
    job = entry.job
    yield f"job {job.id}"
    yield f"to {job.person} ({job.audience}) by {job.channel}: {one_line(job.address, WHOLE)}"
    also = f", and {', '.join(job.other_triggers)}" if job.other_triggers else ""
    diverted = " (the ticket was told as opened before)" if entry.diverted else ""
    ticket, source, event = (one_line(text, WHOLE) for text in (job.ticket, job.source, job.event))
    yield f"about ticket {ticket} of {source}: {entry.trigger}{also}{diverted}"
    yield f"event {event}, saved {time(job.context.saved_at)}; customer {one_line(job.customer or 'unknown', WHOLE)}"
    form = entry.form
    yield f"as {form.template} ({form.format}) in {', '.join(job.languages)}, {job.time_zone}"
    yield f"because of {', '.join(job.categories)}: {', '.join(job.rules)} (rulebook {job.rulebook})"
    yield f"made {time(job.created)}, never sent after {time(job.expires)}"


def standing(
    entry: LedgerEntry,
    changes: Sequence[Change],
    bundled: Sequence[LedgerEntry],
    waits: Sequence[Wait],
    now: datetime,
    ahead: LedgerEntry | None = None,
) -> Iterator[str]:
    """How it stands, since when, and what comes next.

    `waits` is what keeps due jobs back, `ahead` the job of its ticket and mailbox for which it waits.
    """
    stands, since = entry.standing, f" since {time(changes[-1].at)}" if changes else ""
    yield f"{state(entry)}{since}, attempts: {stands.attempt}"
    if stands.state in WAITING and stands.due is not None and not is_over(entry, now):
        yield _next_try(stands.due, next_try(entry, waits, now))
    if stands.state is State.SENDING and stands.lease_until is not None and stands.lease_until > now:
        yield f"a sender has it until {time(stands.lease_until)}"
    yield from obstacles(entry, waits, now)
    if ahead is not None:
        yield f"held back: job {ahead.job.id} ({state(ahead)}) of the same ticket and mailbox goes before it"
    if stands.released:
        yield "released by a person: no mode and no pause holds it"
    if bundled:
        more = f" and {len(bundled) - _MOST_BUNDLED} more" if len(bundled) > _MOST_BUNDLED else ""
        listed = ", ".join(one.job.id for one in bundled[:_MOST_BUNDLED])
        yield f"carries a digest of {len(bundled)} others: {listed}{more}"


def _next_try(due: datetime, moment: datetime | None) -> str:
    if moment is not None:
        return f"next try: {time(moment)} or later, and after the earlier jobs of this ticket and mailbox"
    return f"due since {time(due)}: goes once a sender has room, after the earlier jobs of its ticket and mailbox"


def changes_of(changes: Sequence[Change]) -> Iterator[str]:
    """Each change on a line: when, what happened, how it stood then, in which attempt, and the words on it."""
    for change in changes:
        attempt = f"attempt {change.attempt}" if change.attempt else ""
        moved = f"{change.transition} → {change.state}"
        yield f"{change.sequence:>3}  {time(change.at)}  {moved:<24}  {attempt:<11}  {said(change, WHOLE)}".rstrip()
        if change.fault is not None:
            yield f"     its template failed, the built-in text stood in for it: {one_line(change.fault, WHOLE)}"


def texts(entry: LedgerEntry) -> Iterator[str]:
    """What the message is made of."""
    for field, value in _flat("", entry.job.context):
        first, *more = [one_line(part, 100_000) for part in str(value).splitlines()] or [str(value)]
        yield f"{field}: {first}"
        yield from (f"    {part}" for part in more)


def _flat(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    fields: Sequence[str] = getattr(value, "__struct_fields__", ())
    if not fields:
        yield prefix, value
        return
    for field in fields:
        yield from _flat(f"{prefix}.{field}" if prefix else field, getattr(value, field))
