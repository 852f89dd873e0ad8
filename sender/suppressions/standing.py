"""Whether a suppression applies to a job, and whether it adds anything to one that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.mailbox import mailbox
from schemas.pseudonyms import Pseudonyms
from sender.records import LedgerEntry


class Subjects(Struct, frozen=True):
    """Whom a job is for, as suppressions name them: the mailbox, the person, and their keyed hashes."""

    mailbox: str
    person: str
    mailbox_hashes: Sequence[str]
    person_hashes: Sequence[str]


def subjects_of(entry: LedgerEntry, pseudonyms: Pseudonyms) -> Subjects:
    """Whom this job is for."""
    address, person = mailbox(entry.job.address), str(entry.job.person)
    return Subjects(address, person, pseudonyms.of_mailbox(address), pseudonyms.of_person(person))


def stands_for(record: SuppressionRecord, entry: LedgerEntry, subjects: Subjects, now: datetime) -> bool:
    """Whether it stands now, for the job's person or its mailbox, on the job's channel and for its trigger.

    At `until` it has ended. A `channel` or `triggers` of null is all of them.
    """
    job = entry.job
    by_address = bool(record.address) and mailbox(record.address or "") == subjects.mailbox
    by_hash = record.address_hash in subjects.mailbox_hashes or record.person_hash in subjects.person_hashes
    return (
        (by_address or record.person == subjects.person or by_hash)
        and (record.until is None or now < record.until)
        and record.channel in (None, job.channel)
        and (record.triggers is None or entry.trigger.value in record.triggers)
    )


def adds_nothing(record: SuppressionRecord, known: SuppressionRecord) -> bool:
    """Whether all that it says is kept already: `since` tells only when that was said first."""
    return replace(record, since=known.since) == known
