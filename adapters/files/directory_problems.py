"""What was refused while a directory was loaded, named so that whoever keeps the files can mend it."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

from msgspec import Struct

from schemas.refusal import Refusal

KEPT_OF_EACH_CODE: Final = 1_000
"""Problems of one code that are kept in full; all are counted."""

STANDS_TWICE: Final = "this key stands twice: remove one of the two"
"""Why a record is refused that has a key twice: nobody knows which one is meant."""


class ProblemCode(StrEnum):
    """What a problem costs."""

    UNREADABLE_FILE = "unreadable_file"
    """Nothing from this line of the file on is used (no line: nothing at all)."""
    BAD_RECORD = "bad_record"
    """Whoever the record might have alerted is not alerted; an earlier one of its kind and id is out of use."""
    BAD_MODE = "bad_mode"
    """The person is there, without this mode of reception."""
    BAD_REPLY_TO = "bad_reply_to"
    """The contract alerts; answers go to the sender's own address."""
    BAD_TAGS = "bad_tags"
    """The record is used without this list, or this text in it: conditions of rules do not find it there."""
    UNKNOWN_KEY = "unknown_key"
    """The record is used without this key, which nothing reads."""
    UNKNOWN_WORD = "unknown_word"
    """The record is used, and this word in it means nothing."""
    DUPLICATE = "duplicate"
    """Nothing is lost but the earlier record of this kind and id: a warning."""
    UNUSED_FILE = "unused_file"
    """The file looks like data, but its name says that it is of a format that is not read: a warning."""

    @property
    def is_warning(self) -> bool:
        """Whether everything that could be meant is in use all the same."""
        return self in (ProblemCode.DUPLICATE, ProblemCode.UNUSED_FILE)

    @property
    def is_slip(self) -> bool:
        """Whether everything is in use that can be: what a person meant by the key or the word is not."""
        return self in (ProblemCode.UNKNOWN_KEY, ProblemCode.UNKNOWN_WORD)


class DirectoryProblem(Struct, frozen=True):
    """One problem: in which file (its path below the folder), on which line (from 1), of which record, and why.

    `kind` and `id` are None where they can't be read from the record, `column` (from 1) where it is not known.
    """

    code: ProblemCode
    file: str
    line: int | None
    kind: str | None
    id: str | None
    refusal: Refusal
    column: int | None = None

    def __str__(self) -> str:
        """The problem on one line, without the refused value: safe for logs."""
        return f"{self._place()}: {self.refusal}"

    def shown(self) -> str:
        """The problem with the refused value, for the person who keeps the files."""
        return f"{self._place()}: {self.refusal.shown()}"

    def _place(self) -> str:
        place = ":".join(str(one) for one in (self.file, self.line, self.column) if one is not None)
        if self.kind is None and self.id is None:
            return place
        name = f"{self.kind or 'record'} {self.id or 'without id'}"
        # An id that is refused may hold anything.
        return f"{place}: {name if name.isprintable() else ascii(name)[1:-1]}"


class ProblemLog:
    """The first problems of each code, in the order in which they were found, and the number of all."""

    def __init__(self) -> None:
        self.kept: list[DirectoryProblem] = []
        self.counts: Counter[ProblemCode] = Counter()

    def add(self, problem: DirectoryProblem) -> None:
        """Count a problem, and keep it while there is room: memory stays small however bad the files are."""
        self.counts[problem.code] += 1
        if self.counts[problem.code] <= KEPT_OF_EACH_CODE:
            self.kept.append(problem)
