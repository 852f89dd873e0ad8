"""The faults of a file that a person wrote, as its author sees them."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.errors import InputError
from schemas.finding import FindingCode


class Fault(Struct, frozen=True):
    """One fault: its place (line and column from 1), what is wrong, and what to do.

    `text` is the whole line, and `length` the number of faulty characters in it from `column` on.
    """

    file: str
    line: int
    column: int
    message: str
    text: str = ""
    length: int = 1
    code: FindingCode = FindingCode.WRONG_VALUE
    suggestion: str = ""

    @property
    def said(self) -> str:
        """What is wrong and what to do, in one sentence."""
        return f"{self.message}: {self.suggestion}" if self.suggestion else self.message

    def __str__(self) -> str:
        """The fault on one line, and below it the faulty line of the file."""
        # A message may quote a file's name or text with a line break, which must not look like another fault.
        head = f"{self.file}:{self.line}:{self.column}: {self.said}".replace("\n", "\\n")
        return f"{head}\n{marked(self.text, self.column, self.length)}" if self.text.strip() else head


_SHOWN: Final = {"\t": "→"}


def marked(text: str, column: int, length: int) -> str:
    """The line, and below it marks under `length` characters from `column` on."""
    # Show each character as exactly one, so that the marks stay below the right ones. A tab becomes an arrow.
    shown = "".join(_SHOWN.get(character, character if character.isprintable() else " ") for character in text)
    marks = " " * (column - 1) + "^" * max(1, min(length, len(text) - column + 1))
    return f"    {shown}\n    {marks}"


class FaultyFileError(InputError, ValueError):
    """A file that can't be used: of rules, of mappings, of tests. What was in force before stays in force."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
