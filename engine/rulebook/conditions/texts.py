"""When a text contains another, starts or ends with it, or has it as whole words.

Letters are compared without case, accents with theirs. Both texts are folded first: that is a compatibility caseless
match of the Unicode Standard (section 3.13, D146), so that a ligature is its letters, a wide
letter a plain one, `ß` is `ss`, and an accent is one with its letter however the two were typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from engine.rulebook.conditions.syntax import TextRelation

TextCheck = Callable[[str], bool]
"""Whether a text, already folded, stands in some relation to another."""

_REMEMBERED: Final = 16
"""Texts: as many as the fields of one save of which rules ask this. A text may be as long as an event."""

_ACCENTS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
"""Combining marks of Latin, Greek, Cyrillic and of symbols: those that are left have no letter that contains them."""

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Letters of scripts that are written without blanks: Thai, Lao, Burmese, Khmer, Hiragana, and ideographs."""


@lru_cache(maxsize=_REMEMBERED)
def folded(text: str) -> str:
    """The text as it is compared."""
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


@lru_cache(maxsize=4_096)
def check_of(relation: TextRelation, text: str) -> TextCheck:
    """The check of this relation to a text of a condition. Its time grows with the checked text, and no faster."""
    wanted = folded(text)
    match relation:
        case TextRelation.STARTS_WITH:
            return _searching(lambda found: found.startswith(wanted), rf"\A{re.escape(wanted)}(?![{_ACCENTS}])")
        case TextRelation.ENDS_WITH:
            return lambda found: found.endswith(wanted)
        case TextRelation.CONTAINS:
            return _searching(lambda found: wanted in found, rf"{re.escape(wanted)}(?![{_ACCENTS}])")
        case TextRelation.CONTAINS_WORD:
            return _searching(lambda found: wanted in found, _as_words(wanted), always=True)


def _searching(quick: TextCheck, pattern: str, *, always: bool = False) -> TextCheck:
    """A check by a regular expression, asked only where the quick one holds and it can make a difference."""
    compiled = re.compile(pattern, re.DOTALL)
    return lambda found: quick(found) and ((not always and found.isascii()) or compiled.search(found) is not None)


def _as_words(wanted: str) -> str:
    """A regular expression for the text where no word goes on across its ends.

    It begins with the text itself, which the search finds fast, and looks back from its end.
    """
    literal = re.escape(wanted)
    before = rf"(?<!{_joining()}{literal})" if re.match(_joining(), wanted) else ""
    after = rf"(?!{_joining()})" if re.search(_joining() + r"\Z", wanted) else rf"(?![{_marks()}])"
    return literal + before + after


@cache
def _joining() -> str:
    """What makes a word go on: letters, digits, `_`, and marks on any of them.

    Not the letters of scripts without blanks, between any two of which a word may end.
    """
    return rf"(?:[^\W{_UNSPACED}]|[{_marks()}])"


@cache
def _marks() -> str:
    """All combining marks of the Basic Multilingual Plane, as ranges for a character class."""
    ranges: list[list[int]] = []
    for code in range(0x10000):
        if unicodedata.category(chr(code)).startswith("M"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges)
