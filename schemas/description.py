"""Whether a description says anything. Blanks alone do not, nor does markup without text."""

from __future__ import annotations

import html
import re
from typing import Final

from schemas.markup import pieces

INVISIBLE: Final = (
    # White space (Unicode's property White_Space) and control characters.
    "\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    # These show nothing either: the property Default_Ignorable_Code_Point, and the empty cell of Braille.
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that show nothing to a reader, as a class of a regular expression."""

_VISIBLE: Final = re.compile(f"[^{INVISIBLE}]")


def is_described(description: str | None) -> bool:
    """Whether a reader would see a text. Blanks alone are no text, and HTML without text is none either.

    The description may be HTML or not. What is not surely markup counts as text. It takes time in proportion to length.
    """
    if not description:
        return False
    if "<" not in description and "&" not in description:
        return _VISIBLE.search(description) is not None
    return any(_is_visible(text) for text, _ in pieces(description))


def _is_visible(text: str) -> bool:
    try:
        return _VISIBLE.search(html.unescape(text)) is not None
    except ValueError:  # a character reference with thousands of digits, which Python refuses to read as a number
        return True
