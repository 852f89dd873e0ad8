"""Text that somebody else has made, shown to a person: what acts instead of being seen is written out."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    """The text with all that is not printable as Python's escapes, but for the characters that are `kept`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else ascii(one)[1:-1] for one in text)
