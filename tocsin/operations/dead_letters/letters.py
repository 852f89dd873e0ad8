"""Dead letters, read back: where each came from, and why it could not be used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from intake.kept_posts import hook_of
from schemas.dead_letter import PREFIX, ListedLetter, first_came
from schemas.log import NewRecord, Record
from schemas.topics import JOBS, TICKETS
from tocsin.authoring.finding import plain
from tocsin.operations.dead_letters.subjects import Subject, subject_of
from tocsin.printing.printable import printable

_GO_BACK_TO: Final = (TICKETS, JOBS)
_PLACE: Final = re.compile(r"(0|[1-9][0-9]{0,8}):(0|[1-9][0-9]{0,17})")


class Letter(Struct, frozen=True):
    """A dead letter: its own place, the place where its record came from, and the fault."""

    record: Record

    @property
    def place(self) -> str:
        """PARTITION:OFFSET in the topic of dead letters: its name on the command line."""
        return f"{self.record.partition}:{self.record.offset}"

    @property
    def origin(self) -> str:
        """The topic that it came from."""
        return self._header("topic")

    @property
    def is_post(self) -> bool:
        """Whether a helpdesk posted it, so that it came from no topic."""
        return hook_of(self.origin) is not None

    @property
    def origin_place(self) -> str:
        """PARTITION:OFFSET in that topic."""
        return f"{self._header('partition')}:{self._header('offset')}"

    @property
    def code(self) -> str:
        """The class of the fault, in snake case."""
        return self._header("code")

    @property
    def message(self) -> str:
        """The fault in words."""
        return self._header("message")

    @property
    def came(self) -> datetime:
        """When the record came for the first time."""
        return first_came(self.record)

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning of its record was kept, since the whole was too large."""
        return self._header("cut") == "1"

    @property
    def cut(self) -> str | None:
        """What is here of a record that was too large, and where the whole lies; None where it is here."""
        if not self.is_cut:
            return None
        return (
            f"the first {len(self.record.value or b'')} of {self._header('bytes')} bytes are here, since it was too "
            f"large; the whole (SHA-256 {self._header('sha256')}) lies in {self.origin} {self.origin_place}"
        )

    @property
    def subject(self) -> Subject:
        """The ticket and contract that its bytes name."""
        return subject_of(self.record.key, self.record.value, self.own_headers)

    def listed(self) -> ListedLetter:
        """All that is known of it, without its texts."""
        subject = self.subject
        return ListedLetter(
            self.place,
            self.came,
            self.origin,
            self.origin_place,
            subject.ticket,
            subject.contract,
            self.code,
            self.message,
            self.is_cut,
        )

    @property
    def own_headers(self) -> tuple[tuple[str, bytes], ...]:
        """The headers with which it came."""
        return tuple(one for one in self.record.headers if not one[0].startswith(PREFIX))

    def again(self) -> NewRecord:
        """The record as it first came, for the topic from which it came.

        One header tells when that was, so that its age is judged by that. Raises ValueError where it can't go back.
        """
        if self.is_cut:
            raise ValueError(
                f"{self.place}: only its beginning is here, since it was too large; the whole lies in {self.origin} "
                f"{self.origin_place}"
            )
        # The origin is a header, and whoever may write to the topic of dead letters could name any topic there.
        if self.origin not in _GO_BACK_TO:
            raise ValueError(f"{self.place}: it came from topic {self.origin!r}, to which nothing is sent again")
        came = (PREFIX + "first_came", self.came.isoformat().encode())
        return NewRecord(self.origin, self.record.key, self.record.value, (*self.own_headers, came))

    def _header(self, name: str) -> str:
        found = dict(self.record.headers).get(PREFIX + name, b"?")
        return found.decode(errors="replace")


class Wanted(Struct, frozen=True):
    """Which dead letters are asked for: those that match each field that is not None. Ids may be written as shown."""

    code: str | None = None
    ticket: str | None = None
    contract: str | None = None

    def __contains__(self, letter: Letter) -> bool:
        """Whether this letter is asked for."""
        if self.code not in (None, letter.code):
            return False
        # The subject is read from the bytes, which is done only where it is asked for.
        if self.ticket is None and self.contract is None:
            return True
        subject = letter.subject
        return is_written(self.ticket, subject.ticket) and is_written(self.contract, subject.contract)


def tickets_called(text: str, letters: Iterable[Letter]) -> list[str]:
    """The ids of the tickets that a text may mean: by id, else by the reference that some letter of theirs has."""
    name = plain(text)
    found: dict[str, None] = {}
    for subject in (letter.subject for letter in letters):
        if subject.ticket is not None and is_written(text, subject.ticket):
            return [text]
        if subject.ticket is not None and subject.reference is not None and plain(subject.reference) == name:
            found[subject.ticket] = None
    return [*found]


def is_written(asked: str | None, named: str | None) -> bool:
    """Whether this id is the one that was asked for, as it is or as it is shown; so it is where none was asked for."""
    # An id with unprintable characters is shown escaped, and copied from there.
    return asked is None or (named is not None and asked in (named, printable(named)))


class Place(Struct, frozen=True, order=True):
    """Where a dead letter lies in its topic."""

    partition: int
    offset: int

    @classmethod
    def of(cls, text: str) -> Place | None:
        """The place that PARTITION:OFFSET names; None where that is none."""
        found = _PLACE.fullmatch(text)
        return None if found is None else cls(int(found[1]), int(found[2]))
