"""Texts are cut, visibly, at one length, wherever they are kept or sent on."""

from __future__ import annotations

from typing import Final

MAX_TEXT_BYTES: Final = 32_768
CUT: Final = " […]"
"""What stands at the end of a text that was cut."""


def cut(text: str) -> str:
    """The text, cut visibly where it is longer than 32 KB of UTF-8."""
    # A character takes 4 bytes of UTF-8 at most, so shorter texts need not be encoded to be measured.
    if len(text) <= MAX_TEXT_BYTES // 4:
        return text
    encoded = text.encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return text
    # `ignore` drops what is left of a character that the cut went through.
    return encoded[: MAX_TEXT_BYTES - len(CUT.encode())].decode(errors="ignore") + CUT
