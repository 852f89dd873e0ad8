"""A problem of a template: what is wrong, and where."""

from __future__ import annotations

from msgspec import Struct

from schemas.finding import FindingCode


class Problem(Struct, frozen=True):
    """One problem. `file` is the path below the templates folder; `line` counts from 1, None for the whole file.

    `text` is the offending text as it stands on that line, where it is known. `absent` is the template of which there
    is no file at all: then the fault lies where it is named.
    """

    file: str
    line: int | None
    message: str
    code: FindingCode = FindingCode.TEMPLATE_SYNTAX
    text: str = ""
    suggestion: str = ""
    absent: str = ""

    def __str__(self) -> str:
        """As it is shown to a rule author: file, line, message and advice."""
        said = f"{self.message}: {self.suggestion}" if self.suggestion else self.message
        return f"{self.file}:{self.line}: {said}" if self.line is not None else f"{self.file}: {said}"
