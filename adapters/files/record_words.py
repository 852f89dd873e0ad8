"""Checks words of directory records for which there is no short list of allowed ones, such as languages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from schemas.language_tags import is_language, language_meant
from schemas.time_zones import time_zones, zone_meant
from schemas.written import Word

_ALIKE: Final = 0.8
"""A word with at least this ratio to another counts as a slip in it. Every slip in one letter is above."""

_MEANT_OTHERWISE: Final = frozenset({"reactivated", "proactive"})
_NEGATED: Final = re.compile(r"(?:non?|not|un|in|im|de|dis?|dé|des|dés|sans|senza|ohne|without)[-_ .]?(?=[ac])")
"""Beginnings of words that say the opposite: `inactive`, `non-commitment`, `sans_commitment`."""
_LONGEST: Final = 64
"""Characters of a text that are looked at. No such word is as long."""

_INSTEAD: Final[Mapping[tuple[Word, str], str]] = {
    (Word.TIME_ZONE, "customer"): "Until then the rule file's is used",
    (Word.TIME_ZONE, "contact"): "Until then their customer's is used, else the rule file's",
    (Word.TIME_ZONE, "collaborator"): "Until then the rule file's is used",
    (Word.LANGUAGE, "customer"): "Until then the rule file's is used",
    (Word.LANGUAGE, "contact"): "Until then the rule file's is used",
    (Word.LANGUAGE, "collaborator"): "Until then the rule file's is used",
}
"""What is used in place of a word without a meaning, by the kind of its record."""


def fault_of(word: Word, text: str, kind: str) -> str | None:
    """As `word_fault`, and what is used in place of the word in a record of this kind."""
    fault, instead = word_fault(word, text), _INSTEAD.get((word, kind))
    if fault is None or instead is None:
        return fault
    return f"{fault} {instead}" if fault.endswith("?") else f"{fault}. {instead}"


def fault_in_list(word: Word, text: str) -> str | None:
    """As `word_fault`, of one of several words."""
    fault = word_fault(word, text)
    if fault is None:
        return None
    return f"{fault}{'' if fault.endswith('?') else '.'} Until then it is left out"


def word_fault(word: Word, text: str) -> str | None:
    """Why this text has no meaning, and what to write; None if it is fine. The message leaves the text out."""
    return _fault(word, text[:_LONGEST])


@lru_cache(maxsize=4096)
def _fault(word: Word, text: str) -> str | None:
    return _FAULTS[word](text)


def _language(tag: str) -> str | None:
    return None if is_language(tag) else f"there is no such language: {language_meant(tag)}"


def _time_zone(name: str) -> str | None:
    if name in time_zones():
        return None
    return f"this is no IANA time zone: {zone_meant(name)}"


def _only(counts: str) -> Callable[[str], str | None]:
    """A check for a field in which only the word `counts` has an effect.

    The platform may choose other words freely. One that resembles `counts` is a slip.
    """

    def fault(text: str) -> str | None:
        plain = text.strip().casefold()
        alike = difflib.SequenceMatcher(None, plain[: 3 * len(counts)], counts).ratio() >= _ALIKE
        if text == counts or not alike or plain in _MEANT_OTHERWISE or _NEGATED.match(plain):
            return None
        return f"this resembles `{counts}` and is another word, with which nobody is alerted: did you mean `{counts}`?"

    return fault


_FAULTS: Final[Mapping[Word, Callable[[str], str | None]]] = {
    Word.LANGUAGE: _language,
    Word.TIME_ZONE: _time_zone,
    Word.CONTRACT_TYPE: _only("commitment"),
    Word.CONTRACT_STATUS: _only("active"),
}
