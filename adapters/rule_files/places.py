"""Where something stands inside a text of YAML: over quotes, block marks and folded lines."""

from __future__ import annotations

import re
from typing import Final

_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|[^\s,\]}#][^,\]}#]*')


def length_of_value(line: str, column: int) -> int:
    """How many characters the value has that begins here (from 0), as far as it stands on this line."""
    found = _VALUE.match(line, column)
    return max(1, len(found[0].rstrip())) if found else 1


def inside(text: str, line: int, column: int, value: str, offset: int) -> tuple[int, int]:
    """Line and column (all from 0) of the character at `offset` of a value that begins at a line and column."""
    lines = text.splitlines(keepends=True)
    at = sum(map(len, lines[:line])) + column
    mark = text[at : at + 1]
    if mark in ("|", ">"):
        at = text.find("\n", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
    elif mark in ('"', "'"):
        at += 1
    for character in value[:offset]:
        at = _step(text, at, character)
    before = text[:at]
    return before.count("\n"), at - (before.rfind("\n") + 1)


def _step(text: str, at: int, character: str) -> int:
    if character.isspace():
        while at < len(text) and text[at].isspace():
            at += 1
        return at
    return at + (2 if text[at : at + 1] == "\\" and character != "\\" else 1)
