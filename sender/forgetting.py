"""Forgetting a person: what is taken out of what is kept, and what stays so that nothing goes out that must not.

Of the person's own jobs nothing is left that tells of whom or of what they were; they still count, and their ids still
stand in decisions. In all else that is kept, the person's reference, addresses and names are replaced by a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import Job, PersonRef
from schemas.mailbox import mailbox
from schemas.pseudonyms import Pseudonyms
from schemas.vocabulary import Channel
from sender.entries import Entry

FORGOTTEN: Final = "(forgotten)"
"""Stands for ids, addresses, names and texts that were taken out. No id or address is written so."""

BY_REASON: Final = "forgotten"
"""The reason of the suppression that stands for a forgotten person for some days."""

ID_PREFIX: Final = "forgotten/"
"""What the ids of suppressions begin with that hold hashes."""

_END: Final = r"(?![\w-]|\.\w)"
"""Behind a word: neither a longer word nor a longer domain."""

_SHORTEST_NAME: Final = 4
"""Characters of a name that is looked for in texts: a shorter one stands within too many other words."""


class Address(Struct, frozen=True, order=True):
    """A mailbox on a channel."""

    channel: Channel
    mailbox: str


class Blanked(Struct, frozen=True):
    """How far a page of blanking came: the place behind which to go on (None: there is no more), and how many jobs.

    `own` were the person's, `others` named them; `open` are the person's that are not finished, so that they stay.
    """

    after: int | None
    own: int = 0
    others: int = 0
    open: int = 0


class Forgotten(Struct, frozen=True, order=True):
    """A person was forgotten: when, by whom and why. `person` is their keyed hash."""

    at: datetime
    person: str
    who: str
    why: str


class Forgetting:
    """Takes one person out of what is kept. `addresses` as they are written anywhere, `names` as texts have them."""

    def __init__(self, person: PersonRef, addresses: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self.person = person
        written = {form for one in addresses for form in (one.strip(), mailbox(one)) if form}
        longer = {one.strip() for one in names if len(one.strip()) >= _SHORTEST_NAME}
        words = sorted(written | longer, key=lambda word: (-len(word), word))
        self._words = _pattern([rf"(?<![\w.+-]){re.escape(word)}{_END}" for word in words])
        spelled = {form for word in words for form in (word, _escaped(word))}
        # Without a look at what is before: in bytes that are no whole JSON it may be the end of an escape.
        bounded = [re.escape(form.encode()) + _END.encode() for form in sorted(spelled, key=len, reverse=True)]
        self._bytes = re.compile(b"|".join(bounded) or rb"(?!)", re.IGNORECASE)

    def is_theirs(self, job: Job) -> bool:
        """Whether it is a job of this person."""
        return job.person == self.person

    def job(self, job: Job) -> Job:
        """A job of theirs, without all that tells of whom or of what it was."""
        ticket = replace(
            job.context.ticket,
            title=FORGOTTEN,
            description=FORGOTTEN,
            resolution=None,
            link=None,
            custom={},
        )
        if hasattr(ticket, "internal_notes"):
            ticket = replace(ticket, internal_notes=None, customer_link=None)
        context = replace(job.context, ticket=ticket, person_name=None)
        if hasattr(context, "actor"):
            context = replace(context, actor=None)
        return replace(
            job,
            person=PersonRef(job.person.kind, FORGOTTEN),
            address=FORGOTTEN,
            language="en",
            time_zone="UTC",
            reply_to=None,
            context=context,
            trace=UNSET,
        )

    def context(self, raw: bytes) -> bytes:
        """A job of somebody else, in JSON, with texts that do not name the person; whom it is for stays as it is."""
        job = msgspec.json.decode(raw)
        context = self._without(job["context"])
        return raw if context == job["context"] else msgspec.json.encode(job | {"context": context})

    def value(self, raw: bytes) -> bytes:
        """A record's bytes without the person: the same ones where they do not name them."""
        try:
            data = msgspec.json.decode(raw)
            changed = self._without(data)
            return raw if changed == data else msgspec.json.encode(changed)
        except (ValueError, OverflowError, RecursionError):
            return self.plain(raw)

    def plain(self, raw: bytes) -> bytes:
        """The same of bytes that are no JSON."""
        return self._bytes.sub(FORGOTTEN.encode(), raw)

    def text(self, text: str) -> str:
        """A text without the person's addresses and names."""
        return FORGOTTEN if text == str(self.person) else self._words.sub(FORGOTTEN, text)

    def _without(self, data: Any) -> Any:
        if isinstance(data, str):
            return f"{self.person.kind}/{FORGOTTEN}" if data == str(self.person) else self.text(data)
        if isinstance(data, list):
            return [self._without(one) for one in data]
        if not isinstance(data, dict):
            return data
        found = {name: self._without(value) for name, value in data.items()}
        if _is_person(data, self.person):
            found["id"] = FORGOTTEN
        if "reply" in data and _is_person(data.get("person"), self.person):
            # What the mail server said of them may spell the address in its own way.
            found["reply"] = None
        return found


def mark(person: PersonRef, pseudonyms: Pseudonyms, now: datetime, kept: timedelta) -> SuppressionRecord:
    """What holds back all that was decided about the person before, for as long as that is kept anywhere."""
    [written, *_] = pseudonyms.of_person(str(person))
    return SuppressionRecord(
        id=ID_PREFIX + written, reason=BY_REASON, since=_moment(now), until=now + kept, person_hash=written
    )


def is_of(record: SuppressionRecord, person: PersonRef, addresses: Iterable[Address]) -> bool:
    """Whether a suppression names the person, or one of their addresses."""
    if record.person == str(person):
        return True
    if not record.address:
        return False
    named = mailbox(record.address)
    return any(one.mailbox == named and record.channel in (None, one.channel) for one in addresses)


def hashed(
    record: SuppressionRecord,
    addresses: Sequence[Address],
    forgetting: Forgetting,
    pseudonyms: Pseudonyms,
    now: datetime,
) -> list[SuppressionRecord]:
    """What stays of a suppression of a person who is forgotten, or of their address; nothing of one that has ended.

    One of the person is kept for each of their `addresses` too, so that it holds whoever is known by these later.
    """
    if record.until is not None and record.until <= now:
        return []
    hashes: list[tuple[str | None, str | None]] = []
    if record.address:
        hashes.append((pseudonyms.of_mailbox(mailbox(record.address))[0], None))
    if record.person:
        hashes.append((None, pseudonyms.of_person(record.person)[0]))
        reached = [one for one in addresses if record.channel in (None, one.channel)]
        hashes += [(pseudonyms.of_mailbox(one.mailbox)[0], None) for one in reached]
    reason = forgetting.text(record.reason) if isinstance(record.reason, str) else None
    return [
        replace(
            record,
            id="/".join(
                [ID_PREFIX + str(of_address or of_person), record.channel or "*", *sorted(record.triggers or [])]
            ),
            address=None,
            person=None,
            reason=reason,
            address_hash=of_address,
            person_hash=of_person,
        )
        for of_address, of_person in hashes
    ]


def address_of(entry: Entry) -> Address:
    """Where a job goes."""
    return Address(entry.job.channel, mailbox(entry.job.address))


def _is_person(data: Any, person: PersonRef) -> bool:
    return isinstance(data, dict) and (data.get("kind"), data.get("id")) == (person.kind.value, person.id)


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(words) or "(?!)", re.IGNORECASE)


def _escaped(word: str) -> str:
    """As JSON may write it, with letters beyond ASCII as escapes; what is no text ends where it was cut."""
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in word)


def _moment(now: datetime) -> str:
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")
