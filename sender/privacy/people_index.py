"""Who is still there, and whom suppressions stand for, as the directory's records say: no more of them is kept."""

from __future__ import annotations

import threading
from datetime import datetime

from schemas.directory import CollaboratorRecord, ContactRecord, Record, SuppressionRecord, record_kind
from schemas.mailbox import mailbox
from schemas.pseudonyms import NO_PSEUDONYMS, UNRECOGNISED, Pseudonyms
from schemas.refusal import Refusal
from schemas.vocabulary import PersonKind
from sender.records import LedgerEntry
from sender.suppressions.standing import stands_for, subjects_of

LEFT = "person_left"
"""Why a job is withdrawn whose person the directory does not know any more."""


class PeopleIndex:
    """A People that is fed record by record, in one thread, and asked in another."""

    def __init__(self, pseudonyms: Pseudonyms = NO_PSEUDONYMS) -> None:
        self._pseudonyms = pseudonyms
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._suppressions: dict[str, SuppressionRecord] = {}
        self._by_subject: dict[str, dict[str, SuppressionRecord]] = {}
        self._is_complete = False

    def __len__(self) -> int:
        """People and suppressions."""
        return len(self._known) + len(self._suppressions)

    def apply(self, record: Record) -> list[Refusal]:
        """Take in a record, in place of one with its kind and id; says what of it can't be used."""
        with self._lock:
            if isinstance(record, SuppressionRecord):
                self._drop(record.id)
                self._add(record)
            elif isinstance(record, ContactRecord | CollaboratorRecord):
                self._known.add(f"{record_kind(record)}/{record.id}")
        hashes = record.hashes if isinstance(record, SuppressionRecord) else []
        return [Refusal("", UNRECOGNISED) for one in hashes if not self._pseudonyms.knows(one)]

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record."""
        with self._lock:
            if kind == "suppression":
                self._drop(record_id)
            else:
                self._known.discard(f"{kind}/{record_id}")

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        """Of a person: they have not left, so that what was decided about them goes out.

        A suppression holds back whom it may be for (`held`), until it can be read.
        """
        with self._lock:
            if kind == "suppression":
                self._drop(record_id)
                if held is not None:
                    self._add(held)
            elif kind in tuple(PersonKind):
                self._known.add(f"{kind}/{record_id}")

    def complete(self) -> None:
        """All records that there are have been taken in, for the first time."""
        self._is_complete = True

    def look(self) -> bool:
        """See sender.ports.People."""
        return self._is_complete

    def withdrawal(self, entry: LedgerEntry, now: datetime) -> str | None:
        """See sender.ports.People."""
        subjects = subjects_of(entry, self._pseudonyms)
        hashes = (*subjects.mailbox_hashes, *subjects.person_hashes)
        with self._lock:
            if subjects.person not in self._known:
                return LEFT
            for subject in (subjects.person, _address(entry.job.address), *map(_hash, hashes)):
                for record in self._by_subject.get(subject, {}).values():
                    if stands_for(record, entry, subjects, now):
                        return f"suppressed: {record.reason}"
        return None

    def _add(self, suppression: SuppressionRecord) -> None:
        self._suppressions[suppression.id] = suppression
        for subject in _subjects(suppression):
            self._by_subject.setdefault(subject, {})[suppression.id] = suppression

    def _drop(self, suppression: str) -> None:
        gone = self._suppressions.pop(suppression, None)
        if gone is None:
            return
        for subject in _subjects(gone):
            rest = self._by_subject[subject]
            del rest[suppression]
            if not rest:
                del self._by_subject[subject]


def _subjects(record: SuppressionRecord) -> set[str]:
    named = {subject for subject in (record.person, _address(record.address) if record.address else None) if subject}
    return named | set(map(_hash, record.hashes))


def _hash(written: str) -> str:
    return f"hash {written}"


def _address(address: str) -> str:
    # A person's reference has a slash after a word that is no mailbox.
    return f"address {mailbox(address)}"
