"""The subject line: keyword, reference, title."""

from __future__ import annotations

from typing import Final

from schemas.job import Job
from sender.messages.plain_text import one_line

MAX_KEYWORD: Final = 100
MAX_REFERENCE: Final = 100
MAX_TITLE: Final = 1_000


def subject_line(job: Job, keyword: str) -> str:
    """The subject as its reader will see it: one line of at most 1,203 characters, whatever the title holds.

    A mail reader decodes the header of the message to this very text (RFC 2047).
    """
    reference = reference_of(job)
    title = one_line(job.context.ticket.title, MAX_TITLE)
    words = [one_line(keyword, MAX_KEYWORD), f"{reference}: {title}" if title else reference]
    return " ".join(word for word in words if word)


def reference_of(job: Job) -> str:
    """What the ticket is called: its reference, or its id where there is none."""
    ticket = job.context.ticket
    return one_line(ticket.reference, MAX_REFERENCE) or one_line(ticket.id, MAX_REFERENCE) or "?"
