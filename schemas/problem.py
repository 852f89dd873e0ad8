"""What is wrong with a file that a person wrote, and where in its content: a rule file, a mapping file, their tests."""

from __future__ import annotations

from msgspec import Struct

from schemas.finding import FindingCode

Path = tuple[str | int, ...]
"""Leads to a value of the file: keys of mappings, and from 0 the places in lists."""


class Place(Struct, frozen=True):
    """Where something stands in a text, such as a condition: the offset of its first character, and its length."""

    offset: int
    length: int


class Problem(Struct, frozen=True):
    """What is wrong, where, and what to do: `path` leads to a value of the file, `place` into that value's text."""

    path: Path
    message: str
    place: Place | None = None
    code: FindingCode = FindingCode.WRONG_VALUE
    suggestion: str = ""
    at_key: bool = False
    """It is about the key at the end of the path, not about the value."""
