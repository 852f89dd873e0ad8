"""Finds places inside of a YAML value in its source text: across quotes, block marks and folded lines."""

from __future__ import annotations

import re
from typing import Final

_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|[^\s,\]}#][^,\]}#]*')


def length_of_value(line: str, column: int) -> int:
    """The length of the value that begins at this column (from 0). Only its part on this line counts."""
    found = _VALUE.match(line, column)
    return max(1, len(found[0].rstrip())) if found else 1


def inside(text: str, line: int, column: int, value: str, offset: int) -> tuple[int, int]:
    """Line and column of the character at `offset` in a value, which begins at the given place. All count from 0."""
    lines = text.splitlines(keepends=True)
    at = sum(map(len, lines[:line])) + column
    mark = text[at : at + 1]
    if mark in ("|", ">"):
        at = text.find("\n", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
    elif mark in ('"', "'"):
        at += 1
    # Walk through source and value together: folding and escapes make the source longer than the value.
    for character in value[:offset]:
        at = _step(text, at, character)
    before = text[:at]
    return before.count("\n"), at - (before.rfind("\n") + 1)


def _step(text: str, at: int, character: str) -> int:
    # One blank in the value may be a line break with indentation in the source.
    if character.isspace():
        while at < len(text) and text[at].isspace():
            at += 1
        return at
    return at + (2 if text[at : at + 1] == "\\" and character != "\\" else 1)
