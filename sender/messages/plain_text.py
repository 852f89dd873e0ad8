"""Text that came from others, made fit for one line: of a header, of the built-in message, of a reply that is kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

CUT: Final = " […]"
"""What stands at the end of a text that was cut."""

_BREAKS: Final = re.compile("\r\n|[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]")

# The characters that turn the direction of what follows them (Unicode, UAX #9, explicit formatting). The marks U+200E,
# U+200F and U+061C turn nothing and belong to ordinary right-to-left text, so they stay.
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Unicode's pictures of the ASCII control characters: U+2400 of NUL and so on, U+2421 of DEL.
_PICTURES: Final = {**{chr(code): chr(0x2400 + code) for code in range(0x20)}, "\x7f": "\u2421"}


def one_line(text: str, limit: int) -> str:
    """The text as one line of at most `limit` characters, without blanks around it.

    A line break or tab becomes a blank. What can't be seen but acts (control characters, direction overrides) is shown
    as a sign for it. A longer text is cut, and ends with the sign for that.
    """
    text = text.strip()
    # Only CR LF makes one character of two, so that no more than this is needed of a text of any length.
    needed = text[: 2 * limit + 1]
    line = "".join(_visible(character) for character in _BREAKS.sub(" ", needed)).strip()
    if len(line) <= limit and len(needed) == len(text):
        return line
    return line[: limit - len(CUT)].rstrip() + CUT


def encodable(text: str) -> str:
    """The text without the halves of characters that UTF-8 has no form for."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _visible(character: str) -> str:
    if character in _PICTURES:
        return _PICTURES[character]
    if character in _TURNS or unicodedata.category(character) in ("Cc", "Cs"):
        return f"<U+{ord(character):04X}>"
    return character
