"""Forgetting a person: what is taken out of what is kept, and what stays so that nothing goes out that must not.

Of the person's own jobs nothing is left that tells of whom or of what they were; they still count, and their ids still
stand in decisions. In all else that is kept, the person's reference, addresses and names are replaced by a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import Job, PersonRef
from schemas.mailbox import mailbox
from schemas.pseudonyms import Pseudonyms
from schemas.vocabulary import Channel
from sender.privacy.naming import FORGOTTEN, Naming

BY_REASON: Final = "forgotten"
"""The reason of the suppression that stands for a forgotten person for some days."""

ID_PREFIX: Final = "forgotten/"
"""What the ids of suppressions begin with that hold hashes."""


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
    """Takes one person out of what is kept. `addresses` as they are written anywhere, `names` as texts have them.

    With `spares_own`, their own jobs stay for later: these tell by what they are known.
    """

    def __init__(
        self,
        person: PersonRef,
        addresses: Iterable[str] = (),
        names: Iterable[str] = (),
        *,
        spares_own: bool = False,
    ) -> None:
        addresses = list(addresses)
        self.person = person
        self._mailboxes = {mailbox(one) for one in addresses}
        self._naming = Naming(person, addresses, names)
        self._spares_own = spares_own

    def is_theirs(self, job: Job) -> bool:
        """Whether it is a job of this person, to be blanked."""
        return job.person == self.person and not self._spares_own

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
        # A customer may be a person too.
        context = replace(job.context, ticket=ticket, person_name=None, customer_name=None)
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
            translations=[],
        )

    def context(self, raw: bytes) -> bytes:
        """A job of somebody else, in JSON, with texts that do not name the person; whom it is for stays as it is."""
        job = msgspec.json.decode(raw)
        if self._naming.is_person(job["person"]):
            return raw
        context = self._naming.out_of_data(job["context"])
        return raw if context == job["context"] else msgspec.json.encode(job | {"context": context})

    def value(self, raw: bytes) -> bytes:
        """A record's bytes without the person: the same ones where they do not name them."""
        return self._naming.out_of_value(raw)

    def text(self, text: str) -> str:
        """A text without the person's reference, addresses and names."""
        return self._naming.out_of_text(text)

    def is_subject(self, record: SuppressionRecord) -> bool:
        """Whether a suppression is of the person, or of an address of theirs."""
        return record.person == str(self.person) or mailbox(record.address or "") in self._mailboxes


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

    One of the person is kept for each of their `addresses` too, so that it holds whoever is known by these later: also
    one that is a hash already. Two with different ends stay two, so that none ends before its time.
    """
    if record.until is not None and record.until <= now:
        return []
    reason = forgetting.text(record.reason) if isinstance(record.reason, str) else None
    return [
        replace(
            record,
            id=_hashed_id(record, one),
            address=None,
            person=None,
            reason=reason,
            address_hash=one.of_address,
            person_hash=one.of_person,
        )
        for one in _subjects(record, addresses, pseudonyms)
    ]


class _Subject(Struct, frozen=True):
    """By what a suppression is recognised once its person is forgotten: one of the two."""

    of_address: str | None = None
    of_person: str | None = None


def _subjects(record: SuppressionRecord, addresses: Sequence[Address], pseudonyms: Pseudonyms) -> Iterator[_Subject]:
    if record.address:
        yield _Subject(of_address=pseudonyms.of_mailbox(mailbox(record.address))[0])
    if record.person:
        yield _Subject(of_person=pseudonyms.of_person(record.person)[0])
    if record.person or record.person_hash:
        for one in addresses:
            if record.channel in (None, one.channel):
                yield _Subject(of_address=pseudonyms.of_mailbox(one.mailbox)[0])


def _hashed_id(record: SuppressionRecord, subject: _Subject) -> str:
    """An id that two suppressions share only where one says all that the other says."""
    parts = [ID_PREFIX + str(subject.of_address or subject.of_person), record.channel or "*"]
    parts += sorted(record.triggers or [])
    if record.until is not None:
        parts.append(_moment(record.until))
    return "/".join(parts)


def _moment(now: datetime) -> str:
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")
