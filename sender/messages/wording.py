"""What built-in texts share: which language they are in, and what each trigger is called in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from schemas.vocabulary import Trigger

T = TypeVar("T")

ENGLISH: Final = "en"

# Of letters that text messages have in their 7-bit alphabet: one beyond it would more than halve what fits.
HAPPENED: Final[Mapping[str, Mapping[Trigger, str]]] = {
    ENGLISH: {
        Trigger.OPENED: "opened",
        Trigger.RESOLVED: "resolved",
        Trigger.CLOSED: "closed",
        Trigger.STATUS_CHANGED: "status changed",
    },
    "fr": {
        Trigger.OPENED: "ouverte",
        Trigger.RESOLVED: "résolue",
        Trigger.CLOSED: "fermée",
        Trigger.STATUS_CHANGED: "statut changé",
    },
}
"""What became of a ticket, in a word or two, by language."""


def in_language(texts: Mapping[str, T], language: str) -> T:
    """The text in this language (a tag of BCP 47), whatever its region; in English where there is none."""
    return texts.get(primary_language(language), texts[ENGLISH])


def primary_language(tag: str) -> str:
    """The language of a tag without region or script: `fr` of `fr-CA` and `fr_CA` (RFC 5646, section 2.2.1)."""
    return tag.replace("_", "-").partition("-")[0].lower()
