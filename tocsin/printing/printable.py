"""Text from elsewhere, made safe to show: control characters, which a terminal would obey, are shown as escapes."""

from __future__ import annotations

from typing import Final

BLANKS: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""French has them before a colon. They do no harm in a text."""
LINE: Final = "\t" + BLANKS
"""What is not printable and yet does no harm within a line."""
PROSE: Final = "\n" + LINE
"""The same for a text of several lines. Elsewhere line ends are escaped, so that no text passes for a line of ours."""


def printable(text: str, kept: str = "") -> str:
    """The text with all that is not printable as Python's escapes, but for the characters that are `kept`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else ascii(one)[1:-1] for one in text)


def printable_json(text: str) -> str:
    """A JSON text that means the same: what is not printable in its strings is escaped as JSON has it."""
    if text.isprintable():
        return text
    # Between its strings, JSON has no unprintable character but these; within a string they are always escaped.
    return "".join(one if one.isprintable() or one in "\n\r\t" else _json_escape(one) for one in text)


def _json_escape(one: str) -> str:
    # JSON escapes UTF-16 code units: a character beyond 16 bits takes two, a lone surrogate one.
    units = one.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
