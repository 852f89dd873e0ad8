"""What differs between two decisions about one event, message by message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import zip_longest

from msgspec import Struct

from engine.decide import Decision
from schemas.job import Job, PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel


class ChangeKind(StrEnum):
    """How a message differs."""

    GAINS = "gains"
    LOSES = "loses"
    CHANNEL = "channel"
    ADDRESS = "address"
    TRIGGER = "trigger"
    TEMPLATE = "template"
    KEYWORD = "keyword"
    FORMAT = "format"
    LANGUAGE = "language"
    SCHEDULE = "schedule"
    OTHER = "other"
    """Its words: labels, fields, other triggers, reply-to, time zone, expiry, what it becomes after another opening."""


class Change(Struct, frozen=True):
    """One message of one person that differs. `old` and `new` are the jobs, None where there is none."""

    kind: ChangeKind
    person: PersonRef
    old: Job | None
    new: Job | None

    @property
    def rules(self) -> list[str]:
        """The rules that brought the message: before where it is lost, by now otherwise."""
        job = self.new or self.old
        return [] if job is None else job.rules


def changes(old: Decision, new: Decision) -> Iterator[Change]:
    """All that differs; nothing where the two alert the same people in the same words."""
    before, after = _by_person(old.jobs), _by_person(new.jobs)
    for person in dict.fromkeys([*before, *after]):
        yield from _of_person(person, before.get(person, {}), after.get(person, {}))


Place = tuple[Channel, str]


def _by_person(jobs: Iterable[Job]) -> dict[PersonRef, dict[Place, Job]]:
    found: dict[PersonRef, dict[Place, Job]] = {}
    for job in jobs:
        found.setdefault(job.person, {})[job.channel, mailbox(job.address)] = job
    return found


def _of_person(person: PersonRef, before: dict[Place, Job], after: dict[Place, Job]) -> Iterator[Change]:
    for place in before.keys() & after.keys():
        for kind in _differing(before[place], after[place]):
            yield Change(kind, person, before[place], after[place])
    gone = sorted(before.keys() - after.keys())
    # Channels that lost a place come first, so that a place on the same channel counts as a change of address.
    come = sorted(after.keys() - before.keys(), key=lambda place: (place[0] not in {one[0] for one in gone}, place))
    # Another place instead of one that is gone is a change of place; what is left over is lost or gained.
    for left, right in zip_longest(gone, come):
        if left is not None and right is not None:
            kind = ChangeKind.ADDRESS if left[0] is right[0] else ChangeKind.CHANNEL
            yield Change(kind, person, before[left], after[right])
        elif left is not None:
            yield Change(ChangeKind.LOSES, person, before[left], None)
        elif right is not None:
            yield Change(ChangeKind.GAINS, person, None, after[right])


def _differing(old: Job, new: Job) -> Iterator[ChangeKind]:
    # What a reader would notice is named; anything else that differs is OTHER.
    found = [kind for kind, (before, after) in _compared(old, new).items() if before != after]
    yield from found
    if not found and _rest(old) != _rest(new):
        yield ChangeKind.OTHER


def _compared(old: Job, new: Job) -> dict[ChangeKind, tuple[object, object]]:
    return {
        ChangeKind.TRIGGER: (old.trigger, new.trigger),
        ChangeKind.TEMPLATE: (old.form.template, new.form.template),
        ChangeKind.KEYWORD: (old.form.subject_keyword, new.form.subject_keyword),
        ChangeKind.FORMAT: (old.form.format, new.form.format),
        ChangeKind.SCHEDULE: (old.schedule, new.schedule),
        ChangeKind.LANGUAGE: (old.languages, new.languages),
    }


def _rest(job: Job) -> tuple[object, ...]:
    return (
        job.context,
        job.translations,
        job.other_triggers,
        job.reply_to,
        job.time_zone,
        job.address,
        job.expires,
        job.otherwise,
    )
