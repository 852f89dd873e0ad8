"""Texts that no template makes: what each trigger is called, and the message for where a template fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct

from schemas.job import Job
from schemas.vocabulary import Trigger
from sender.messages.plain_text import one_line
from sender.messages.subject import MAX_TITLE, reference_of

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


def written_in(language: str) -> str:
    """The language in which the built-in texts are written for this one: itself, or English."""
    return language if primary_language(language) in HAPPENED else ENGLISH


def primary_language(tag: str) -> str:
    """The language of a tag without region or script: `fr` of `fr-CA` and `fr_CA` (RFC 5646, section 2.2.1)."""
    return tag.replace("_", "-").partition("-")[0].lower()


class Words(Struct, frozen=True):
    """The built-in text in one language."""

    triggers: dict[Trigger, str]
    reference: str
    title: str


_WORDS: Final = {
    "en": Words(
        triggers={
            Trigger.OPENED: "A support ticket was opened.",
            Trigger.RESOLVED: "A support ticket was resolved.",
            Trigger.CLOSED: "A support ticket was closed.",
            Trigger.STATUS_CHANGED: "The status of a support ticket changed.",
        },
        reference="Reference: ",
        title="Title: ",
    ),
    "fr": Words(
        triggers={
            Trigger.OPENED: "Une demande d'assistance a été ouverte.",
            Trigger.RESOLVED: "Une demande d'assistance a été résolue.",
            Trigger.CLOSED: "Une demande d'assistance a été clôturée.",
            Trigger.STATUS_CHANGED: "Le statut d'une demande d'assistance a changé.",
        },
        reference="Référence\u00a0: ",
        title="Objet\u00a0: ",
    ),
}


def fallback_text(job: Job, trigger: Trigger) -> str:
    """The built-in plain text, in English where it is not written in the job's language."""
    words = in_language(_WORDS, job.language)
    lines = [words.triggers[trigger], "", words.reference + reference_of(job)]
    title = one_line(job.context.ticket.title, MAX_TITLE)
    if title:
        lines.append(words.title + title)
    return "\n".join(lines) + "\n"
