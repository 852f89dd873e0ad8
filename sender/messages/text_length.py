"""How long a text message is, and how one that is too long is cut: visibly, and never within a link or a character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

MARK: Final = "..."
"""What stands where a text was cut. The one sign for that is not in the alphabet of text messages."""

LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Characters that take two places (3GPP TS 23.038, section 6.2.1.1)."""

_PLACES: Final = {True: (160, 153), False: (70, 67)}
"""Places of a message alone, and of each of several: of the 7-bit alphabet, else of UCS-2."""

_JOINER: Final = "\u200d"
_MODIFIERS: Final = (("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f"), ("\u1160", "\u11ff"))
"""Colours of skin, tags of a region's flag, and all of a Korean syllable but its beginning."""

_FLAG_LETTERS: Final = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Regional indicators: two make one flag."""

_LONGEST_STEP: Final = 64
"""Characters that are looked at for the beginning of the one that is seen."""


def segments(text: str) -> int:
    """How many messages a text becomes on the air: 3GPP TS 23.038 (alphabets), TS 23.040 (what joins them)."""
    is_plain = all(character in _BASIC or character in _EXTENDED for character in text)
    sizes = [_size(character, is_plain=is_plain) for character in text]
    alone, joined = _PLACES[is_plain]
    if sum(sizes) <= alone:
        return 1
    number, room = 1, joined
    for size in sizes:
        if size > room:  # no character stands in two messages
            number, room = number + 1, joined
        room -= size
    return number


def units(text: str) -> int:
    """How long a text is in 16-bit units, by which chat services count."""
    return len(text) + sum(character > "\uffff" for character in text)


def within_segments(text: str, most: int) -> str:
    """The text in at most so many messages on the air."""
    return _cut(text, lambda one: segments(one) <= most, most * _PLACES[True][0])


def within_units(text: str, most: int) -> str:
    """The text in at most so many 16-bit units."""
    return _cut(text, lambda one: units(one) <= most, most)


def _size(character: str, *, is_plain: bool) -> int:
    return 1 + (character in _EXTENDED if is_plain else character > "\uffff")


def _cut(text: str, fits: Callable[[str], bool], most: int) -> str:
    """The text if it fits; else as much of its beginning as does, a mark, and the link with which it ends."""
    text = text.strip()
    if len(text) <= most and fits(text):
        return text
    body, end = _ending(text, fits)
    return _beginning(body, lambda beginning: fits(f"{beginning}{MARK}{end}"), most) + MARK + end


def _ending(text: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """The text before the link with which it ends, and that link behind one blank or line end; as far as it fits."""
    last = text[max(text.rfind(blank) for blank in " \n\t") + 1 :]
    if not LINK.fullmatch(last) or len(last) == len(text):
        return text, ""
    before = text[: -len(last)]
    body = before.rstrip()
    end = ("\n" if "\n" in before[len(body) :] else " ") + last
    return (body, end) if fits(MARK + end) else (body, "")


def _beginning(text: str, fits: Callable[[str], bool], most: int) -> str:
    """The longest beginning that fits, whole characters and links only."""
    low, high = 0, min(len(text), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return text[: _whole(text, low)].rstrip()


def _whole(text: str, end: int) -> int:
    """The last place up to `end` that lies in no link, and before no sign that belongs to the one before it."""
    word = 1 + max(text.rfind(blank, 0, end) for blank in " \n\t")
    link = LINK.search(text, word)
    if link is not None and link.start() < end < link.end():
        return link.start()
    for _ in range(_LONGEST_STEP):
        if not 0 < end < len(text) or not (_continues(text[end]) or text[end - 1] == _JOINER):
            break
        end -= 1
    return end - _in_a_flag(text, end)


def _in_a_flag(text: str, end: int) -> bool:
    """Whether this place lies between the two letters that make one flag."""
    if not 0 < end < len(text) or text[end] not in _FLAG_LETTERS:
        return False
    return (end - len(text[:end].rstrip(_FLAG_LETTERS))) % 2 == 1


def _continues(character: str) -> bool:
    """Whether a character only changes the one before it: an accent, a form, a colour of skin, a region's letter.

    Or a vowel or an end of a Korean syllable that is written in parts (Unicode, UAX #29, section 3.1.1).
    """
    is_modifier = any(first <= character <= last for first, last in _MODIFIERS)
    return is_modifier or character == _JOINER or unicodedata.category(character) in ("Mn", "Me", "Mc")
