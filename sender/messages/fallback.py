"""The built-in message, for where a template fails: trigger, reference and title, nothing else."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.job import Job
from schemas.vocabulary import Trigger
from sender.messages.plain_text import one_line
from sender.messages.subject import MAX_TITLE, reference_of
from sender.messages.wording import in_language


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
