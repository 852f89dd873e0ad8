"""The digest that a person would get of recorded events: which messages it collects, and when it goes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.jinja.check import DIGEST
from engine.decide import Decision
from engine.directory.directory import Directory
from engine.directory.records import Person
from engine.rulebook.rulebook import Rulebook
from schemas.job import Form, Job, PersonRef, Schedule
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel, MessageFormat
from sender.messages.plain_text import one_line
from sender.messages.subject import reference_of
from sender.messages.times import local_time
from sender.records import LedgerEntry, reader_of
from sender.states import Standing, State
from tocsin.authoring.preview.jobs import Reader, Shown, preview_job, trigger_of

MOST_COLLECTED: Final = 10_000
"""Messages of one person that are looked at: as many as one digest lists at most."""

NAMED: Final = 20
"""Messages of a digest that are named one by one."""


class Part(Struct, frozen=True):
    """One message of a digest: what was decided of its event, and its job."""

    decision: Decision
    job: Job


class Collected(Struct, frozen=True):
    """The messages of one digest, in their order, and when it goes out.

    Without a schedule no rule collects them: it is how a storm of them would end. `others` are the times of the other
    digests that there would be, and how many messages are in each.
    """

    parts: Sequence[Part]
    schedule: Schedule | None
    others: Mapping[datetime, int]


def is_of_digests(template: str, rulebook: Rulebook) -> bool:
    """Whether this template is for digests: by its name, or since the rule file says so."""
    named = {form.template for form in rulebook.policy.digests.values()}
    return template in named or template.rpartition("/")[2] == DIGEST


def collect(decisions: Iterable[Decision], person: Person, channel: Channel, wanted: Decision | None) -> Collected:
    """The digest in which the message of the `wanted` decision is, else the last one of these decisions.

    What nobody gets is in no digest, but the wanted message is shown all the same. Raises ValueError where there is no
    message at all.
    """
    found = list(islice(_messages(decisions, person, channel), MOST_COLLECTED))
    own = next((part.job for part in found if part.decision is wanted), None)
    due = [at for part in found if (at := _due(part.job)) is not None]
    at = max(due, default=None) if own is None else _due(own)
    if at is None:
        parts = [part for part in found if _due(part.job) is None]
        return Collected(parts or found, None, _numbers(due))
    parts = [part for part in found if _due(part.job) == at]
    return Collected(parts, parts[-1].job.schedule, _numbers(one for one in due if one != at))


def entries_of(
    collected: Collected, person: Person, shown: Shown, template: str, known: tuple[Directory, Rulebook]
) -> list[LedgerEntry]:
    """The messages as a sender has them when it writes the digest by this template, in the language that is shown."""
    ref = PersonRef(person.kind, person.id)
    entries = []
    for part in collected.parts:
        reader = Reader(person, part.job)
        about = replace(shown, trigger=part.job.trigger)
        own = part.job
        if shown.language is not None or own.person != ref:
            own = replace(preview_job(part.decision, reader, about, *known), schedule=part.job.schedule)
        entries.append(LedgerEntry(replace(own, digest=_form(own, template)), False, Standing(State.SENDING)))
    return entries


def only(decision: Decision, reader: Reader, channel: Channel, known: tuple[Directory, Rulebook]) -> Collected:
    """The message of a decision that brings the person none, as it would be the only one."""
    job = preview_job(decision, reader, Shown(trigger_of(decision, reader), channel), *known)
    return Collected([Part(decision, job)], None, {})


def told(collected: Collected, who: str) -> Iterator[str]:
    """When it goes out, and which messages it holds."""
    number, schedule = len(collected.parts), collected.schedule
    messages = f"{number} message{'' if number == 1 else 's'}"
    last = collected.parts[-1].job
    if schedule is None:
        yield f"No rule collects these for {who}: so {messages} would come in one where a storm held them."
    else:
        yield f"{who} gets {messages} in the digest of {_local(schedule.at, last)} ({schedule.said}):"
    for part in collected.parts[:NAMED]:
        job, title = part.job, one_line(part.job.context.ticket.title, 60)
        about = f"{reference_of(job)}{f': {title}' if title else ''}"
        yield f"  {_local(job.context.saved_at, last)}  {job.trigger}  {about}  (event {one_line(job.event, 80)})"
    if number > NAMED:
        yield f"  and {number - NAMED} more"
    for at, others in sorted(collected.others.items()):
        yield f"Another digest, of {_local(at, last)}, has {others}."


def when(job: Job) -> str | None:
    """When a message goes out that does not go at once, in a sentence; None where it does."""
    schedule = job.schedule
    if schedule is None:
        return None
    at = f"{_local(schedule.at, job)} ({schedule.said})"
    if schedule.at >= job.expires:
        return f"It goes out at once: it would expire before {at}."
    if not schedule.digest:
        return f"It is held until {at}."
    digest = "" if job.digest is None else f", by the template {job.digest.template}"
    return f"It is collected for the digest of {at}{digest}; a lone one goes out as it is here."


def _messages(decisions: Iterable[Decision], person: Person, channel: Channel) -> Iterator[Part]:
    ref = PersonRef(person.kind, person.id)
    boxes = {mailbox(mode.address) for mode in person.modes if mode.channel is channel}
    for decision in decisions:
        for job in decision.jobs:
            is_theirs = job.person.kind is person.kind and reader_of(str(job.person)) == reader_of(str(ref))
            if is_theirs and job.channel is channel and mailbox(job.address) in boxes:
                yield Part(decision, job)


def _due(job: Job) -> datetime | None:
    """When the digest goes out that collects this message."""
    schedule = job.schedule
    return schedule.at if schedule is not None and schedule.digest and schedule.at < job.expires else None


def _numbers(moments: Iterable[datetime]) -> dict[datetime, int]:
    found: dict[datetime, int] = {}
    for one in moments:
        found[one] = found.get(one, 0) + 1
    return found


def _form(job: Job, template: str) -> Form:
    if job.digest is not None:
        return replace(job.digest, template=template)
    return Form(template, MessageFormat.HTML if job.channel is Channel.EMAIL else MessageFormat.TEXT, "")


def _local(moment: datetime, job: Job) -> str:
    return local_time(moment, "en", job.time_zone)
