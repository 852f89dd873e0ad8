"""What is wrong with a template, and where."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """`file` is the path below the templates folder; `line` counts from 1, None where it is about the whole file."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """As it is shown to a rule author: file, line, message."""
        return f"{self.file}:{self.line}: {self.message}" if self.line is not None else f"{self.file}: {self.message}"
