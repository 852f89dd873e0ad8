"""Text that somebody else has made, shown to a person: what acts instead of being seen is written out."""

from __future__ import annotations

from typing import Final

BLANKS: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""French has them before a colon. They do no harm in a text."""
LINE: Final = "\t" + BLANKS
"""What is not printable and yet does no harm within a line."""
PROSE: Final = "\n" + LINE
"""The same where lines are printed that are known to be lines: elsewhere a text could pass for a line of ours."""


def printable(text: str, kept: str = "") -> str:
    """The text with all that is not printable as Python's escapes, but for the characters that are `kept`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else ascii(one)[1:-1] for one in text)


def printable_json(text: str) -> str:
    """A JSON text that means the same: what is not printable in its strings is escaped as JSON has it."""
    if text.isprintable():
        return text
    # Outside of strings JSON has no character that is not printable but these, which a string can't hold as they are.
    return "".join(one if one.isprintable() or one in "\n\r\t" else _json_escape(one) for one in text)


def _json_escape(one: str) -> str:
    # What lies beyond 16 bits is two escapes; half of such a pair alone is one.
    units = one.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
