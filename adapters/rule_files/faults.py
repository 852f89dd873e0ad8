"""What is wrong with a rule file, as its author reads it."""

from __future__ import annotations

from msgspec import Struct


class Fault(Struct, frozen=True):
    """One fault.

    File, line and column (both from 1), what is wrong and what to do, and the line with the faulty text.
    """

    file: str
    line: int
    column: int
    message: str
    text: str = ""
    length: int = 1

    def __str__(self) -> str:
        """The fault on one line, and below it the text that it is about."""
        head = f"{self.file}:{self.line}:{self.column}: {self.message}"
        if not self.text.strip():
            return head
        marks = " " * (self.column - 1) + "^" * max(1, min(self.length, len(self.text) - self.column + 1))
        return f"{head}\n    {self.text}\n    {marks}"


class RuleFileError(ValueError):
    """A rule file that can't be used. The rules that were in force stay in force."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
