"""Finds what is kept of a person: first the addresses and names by which they are known, then what has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from adapters.files.opening import read_bounded
from adapters.mailbox.mailbox import MAX_MESSAGE_BYTES
from history.ports import Choice
from schemas.decision import DecisionRecord
from schemas.directory import SuppressionRecord
from schemas.explanation import JobChange
from schemas.job import JOB_DECODER, Job, PersonRef
from schemas.log import Record
from schemas.mailbox import mailbox
from schemas.outcome import Outcome
from schemas.person_export import (
    FORMAT,
    End,
    Head,
    KeptJob,
    KeptMail,
    KeptOfHistory,
    KeptOfPost,
    KeptRecord,
    KeptSuppression,
    KeptValue,
    Line,
)
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS
from sender.privacy.forgetting import Address, Forgetting, is_of
from sender.records import Listed, Selection
from tocsin.operations.history.report import of_person
from tocsin.operations.person.places import AT_ONCE, Places

TOPICS: Final = (TICKETS, JOBS, DECISIONS, OUTCOMES, DEAD_LETTERS, SUPPRESSIONS)
"""Topics in which something of a person may be, besides the directory's."""

_DECISION: Final = msgspec.json.Decoder(DecisionRecord)
_OUTCOME: Final = msgspec.json.Decoder(Outcome)
_SUPPRESSION: Final = msgspec.json.Decoder(SuppressionRecord)


class Known(Struct):
    """The addresses, each as it was written, and names by which a person is known.

    `shared` are mailboxes that others have too: they do not tell this person from others.
    """

    person: PersonRef
    addresses: dict[Address, set[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    shared: set[Address] = field(default_factory=set)
    is_in_directory: bool = False

    @property
    def forgetting(self) -> Forgetting:
        """What blanks all by which they are known."""
        return Forgetting(self.person, self._written(), self.names)

    @property
    def sparing_own(self) -> Forgetting:
        """The same, but for their own jobs, which tell by what they are known."""
        return Forgetting(self.person, self._written(), self.names, spares_own=True)

    @property
    def own(self) -> list[Address]:
        """The mailboxes that are theirs alone."""
        return sorted(self.addresses.keys() - self.shared)

    def add_address(self, address: Address, written: str) -> None:
        """Add a mailbox, and how it was written."""
        self.addresses.setdefault(address, {address.mailbox}).add(written)

    def add_job(self, job: Job) -> None:
        """Add the mailbox and name that a job of theirs has."""
        self.add_address(Address(job.channel, mailbox(job.address)), job.address)
        if job.context.person_name:
            self.names.add(job.context.person_name)

    def _written(self) -> list[str]:
        return [written for address in self.own for written in self.addresses[address]]


def known(places: Places, person: PersonRef, given: Sequence[Address] = ()) -> Known:
    """The addresses and names of a person: in the directory, in jobs in ledger and topic, and in what was given."""
    found = Known(person)
    for one in given:
        found.add_address(one, one.mailbox)
    record = places.directory.person(person.kind, person.id)
    if record is not None:
        found.is_in_directory = True
        found.names |= {record.name} if record.name else set()
        for mode in record.modes:
            found.add_address(Address(mode.channel, mailbox(mode.address)), mode.address)
    for listed in jobs_of(places, person):
        found.add_job(listed.entry.job)
    # The topic may hold jobs that the ledger has not taken in yet, or does not keep any more.
    for record_of_job in places.records(JOBS):
        job = job_in(record_of_job)
        if job is not None and job.person == person:
            found.add_job(job)
    found.shared = _shared(places, found)
    return found


def _shared(places: Places, found: Known) -> set[Address]:
    shared: set[Address] = set()
    if not found.addresses:
        return shared
    for other in places.directory.people():
        if (other.kind, other.id) != (found.person.kind, found.person.id):
            modes = {Address(mode.channel, mailbox(mode.address)) for mode in other.modes}
            shared |= modes & found.addresses.keys()
    return shared


def jobs_of(places: Places, person: PersonRef) -> Iterator[Listed]:
    """Their jobs in the ledger, the newest first."""
    before = None
    while page := places.ledger.list(Selection(person=person), AT_ONCE, before):
        yield from page
        before = page[-1].entry.job.id


def suppressions_of(places: Places, one: Known) -> Iterator[SuppressionRecord]:
    """The suppressions of them or of their addresses in the ledger; those by hashes too."""
    after = ""
    while page := places.ledger.suppressions(AT_ONCE, after):
        yield from (record for record in page if _names(record, one, places))
        after = page[-1].id


def mails_of(places: Places, one: Known) -> Iterator[tuple[Path, bytes]]:
    """The files of the demo's mailbox that were sent to one of their addresses, with what they hold.

    Raises OSError where one can't be read.
    """
    # Mail to a mailbox that others have too is not this person's alone.
    own = {address.mailbox for address in one.own}
    for file in places.mails():
        content = read_bounded(file, MAX_MESSAGE_BYTES, places.data)
        to = BytesHeaderParser(policy=compat32).parsebytes(content).get_all("To", [])
        if own & {mailbox(address) for _, address in getaddresses(map(str, to))}:
            yield file, content


def named(records: Iterator[Record], one: Known, places: Places) -> Iterator[tuple[Record, bytes]]:
    """Those of a topic's records that name the person, with what is to be told of each."""
    forgetting = one.forgetting
    for record in records:
        if record.value is None:
            continue
        value = _told(record, record.value, one, forgetting, places)
        if value is not None:
            yield record, value


def exported(places: Places, one: Known, now: datetime) -> Iterator[Line]:
    """All that is kept of them, line by line."""
    counts: Counter[str] = Counter()
    yield Head(FORMAT, str(one.person), now, sorted(set().union(*one.addresses.values())), sorted(one.names))
    for line in _lines(places, one):
        counts[str(line.__struct_config__.tag)] += 1
        yield line
    yield End(dict(counts))


def _lines(places: Places, one: Known) -> Iterator[Line]:
    record = places.directory.person(one.person.kind, one.person.id)
    if record is not None:
        yield KeptRecord(msgspec.to_builtins(record))
    for listed in jobs_of(places, one.person):
        yield _job(places, listed)
    for suppression in suppressions_of(places, one):
        yield KeptSuppression(suppression)
    for topic in TOPICS:
        for found, value in named(places.records(topic), one, places):
            key = None if found.key is None else _text(found.key)
            yield KeptValue(topic, found.partition, found.offset, found.timestamp, key, _text(value))
    forgetting = one.forgetting
    for post in places.posts.kept():
        if forgetting.value(post.body) != post.body:
            yield KeptOfPost(post.place, post.key, _text(post.body))
    yield from _of_history(places, one, forgetting)
    for file, content in mails_of(places, one):
        yield KeptMail(str(file), _text(content))


def _of_history(places: Places, one: Known, forgetting: Forgetting) -> Iterator[Line]:
    choice, before = Choice(person=one.person), None
    while page := places.history.decisions(choice, AT_ONCE, before):
        for kept in page:
            decision = _of_them(kept.decision, one)
            yield KeptOfHistory("decisions", kept.at, _text(msgspec.json.encode(decision)))
        before = page[-1].place
    after = 0
    while tickets := places.history.every_ticket(AT_ONCE, after):
        for ticket in tickets:
            if ticket.title is not None and forgetting.text(ticket.title) != ticket.title:
                yield KeptOfHistory("decided_tickets", ticket.seen, f"{ticket.source} {ticket.id} {ticket.title}")
        after = tickets[-1].place


def _of_them(decision: DecisionRecord, one: Known) -> DecisionRecord:
    """What a decision says of them alone."""
    own = of_person(decision, one.person)
    return replace(own, skipped=[skip for skip in own.skipped if skip.person is not None])


def _job(places: Places, listed: Listed) -> KeptJob:
    entry = listed.entry
    changes = [
        JobChange(one.at, one.transition.value, one.state.value, one.attempt, one.code, one.text)
        for one in places.ledger.history(entry.job.id)
    ]
    return KeptJob(entry.job, entry.standing.state.value, listed.accepted, changes)


def _told(record: Record, value: bytes, one: Known, forgetting: Forgetting, places: Places) -> bytes | None:
    try:
        if record.topic == JOBS:
            return value if JOB_DECODER.decode(value).person == one.person else None
        if record.topic == DECISIONS:
            decision = of_person(_DECISION.decode(value), one.person)
            return msgspec.json.encode(decision) if decision.jobs or _of_them(decision, one).skipped else None
        if record.topic == OUTCOMES:
            return value if _OUTCOME.decode(value).person == one.person else None
        if record.topic == SUPPRESSIONS:
            return value if _names(_SUPPRESSION.decode(value), one, places) else None
    except (ValueError, RecursionError):
        pass  # a record that can't be read is searched as plain bytes, below
    return value if forgetting.value(value) != value else None


def job_in(record: Record) -> Job | None:
    """The job of a record; None where there is none that can be read."""
    try:
        return None if record.value is None else JOB_DECODER.decode(record.value)
    except (ValueError, RecursionError):
        return None


def _names(record: SuppressionRecord, one: Known, places: Places) -> bool:
    if is_of(record, one.person, one.addresses):
        return True
    # Somebody who was forgotten before and has come back is known by hashes alone.
    if record.person_hash is not None:
        return record.person_hash in places.pseudonyms.of_person(str(one.person))
    return any(record.address_hash in places.pseudonyms.of_mailbox(address.mailbox) for address in one.own)


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")
