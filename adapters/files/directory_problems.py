"""What was refused while a directory was loaded, described so that the owner of the files can mend it."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

from msgspec import Struct

from schemas.refusal import Refusal

KEPT_OF_EACH_CODE: Final = 1_000
"""How many problems of one code are kept in full. All are counted."""

STANDS_TWICE: Final = "this key stands twice: remove one of the two"
"""The reason for refusing a record that has a key twice: nobody knows which value is meant."""


class ProblemCode(StrEnum):
    """The kind of a problem. Each says what the problem costs."""

    UNREADABLE_FILE = "unreadable_file"
    """Nothing from this line on is used; without a line, nothing of the file is used."""
    BAD_RECORD = "bad_record"
    """The record alerts nobody, and an earlier record with its kind and id is not used either."""
    BAD_MODE = "bad_mode"
    """The person is used, without this mode of reception."""
    BAD_REPLY_TO = "bad_reply_to"
    """The contract is used, but replies go to the sender's own address."""
    BAD_TAGS = "bad_tags"
    BAD_LANGUAGES = "bad_languages"
    """The record is used without this list, or without this text in it. Conditions of rules do not see it."""
    UNKNOWN_KEY = "unknown_key"
    """The record is used without this key, which is unknown."""
    UNKNOWN_WORD = "unknown_word"
    """The record is used, but this word in it has no effect."""
    DUPLICATE = "duplicate"
    """A warning. This record replaces an earlier one with the same kind and id; nothing else is lost."""
    UNUSED_FILE = "unused_file"
    """A warning. The file looks like data, but its ending is that of a format that is not read."""

    @property
    def is_warning(self) -> bool:
        """Whether everything is in use all the same."""
        return self in (ProblemCode.DUPLICATE, ProblemCode.UNUSED_FILE)

    @property
    def is_slip(self) -> bool:
        """Whether the whole record is in use, apart from a key or word that has no effect."""
        return self in (ProblemCode.UNKNOWN_KEY, ProblemCode.UNKNOWN_WORD)


class DirectoryProblem(Struct, frozen=True):
    """One problem: the file (its path below the folder), the line and column (from 1), the record, and the reason.

    `kind` and `id` are None if they can't be read from the record. `line` is None for a whole file, and `column` if it
    is not known.
    """

    code: ProblemCode
    file: str
    line: int | None
    kind: str | None
    id: str | None
    refusal: Refusal
    column: int | None = None

    def __str__(self) -> str:
        """The problem on one line, without the refused value, so that it is safe for logs."""
        return f"{self._place()}: {self.refusal}"

    def shown(self) -> str:
        """The problem with the refused value, for the owner of the files."""
        return f"{self._place()}: {self.refusal.shown()}"

    def _place(self) -> str:
        place = ":".join(str(one) for one in (self.file, self.line, self.column) if one is not None)
        if self.kind is None and self.id is None:
            return place
        name = f"{self.kind or 'record'} {self.id or 'without id'}"
        # A refused id may hold any character, for example a line break: escape those.
        return f"{place}: {name if name.isprintable() else ascii(name)[1:-1]}"


class ProblemLog:
    """The first problems of each code, in the order in which they were found, and the number of all."""

    def __init__(self) -> None:
        self.kept: list[DirectoryProblem] = []
        self.counts: Counter[ProblemCode] = Counter()

    def add(self, problem: DirectoryProblem) -> None:
        """Count a problem, and keep it if there is room. So memory is bounded however bad the files are."""
        self.counts[problem.code] += 1
        if self.counts[problem.code] <= KEPT_OF_EACH_CODE:
            self.kept.append(problem)
