"""Faxes: what the mail to an e-mail-to-fax gateway says. Gateways differ, so its form is a setting."""

from __future__ import annotations

import re
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from schemas.job import Job
from sender.messages.message import Bodies
from sender.messages.plain_text import one_line
from sender.messages.subject import reference_of

MAX_SUBJECT: Final = 1_203
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_PLACES: Final = frozenset({"subject", "reference"})


class FaxPages(Protocol):
    """Draws the pages of a fax; several threads may ask at a time."""

    def draw(self, job: Job, text: str) -> bytes:
        """The text as a PDF file: the same bytes for the same job and text."""
        ...


class FaxForm(Struct, frozen=True):
    """What stands in the subject, `{subject}` and `{reference}` of the ticket, and who draws pages.

    Without `pages` the text of the fax is the text of the mail. With them a PDF file is attached, and the mail itself
    holds only the subject, so that a gateway that sends its text as well repeats nothing. Raises ValueError.
    """

    subject: str = "{subject}"
    pages: FaxPages | None = None

    def __post_init__(self) -> None:
        """Refuse a subject that can't be filled in."""
        names = set(_PLACE.findall(self.subject))
        if not names <= _PLACES or re.search(r"[{}]", _PLACE.sub("", self.subject)):
            raise ValueError(
                f"subject: {self.subject!r} may name {{subject}} and {{reference}}, nothing else in braces"
            )

    def written(self, job: Job, subject: str, bodies: Bodies) -> tuple[str, Bodies]:
        """Subject and bodies as the gateway wants them."""
        values = {"subject": subject, "reference": reference_of(job)}
        filled = one_line(_PLACE.sub(lambda place: values[place[1]], self.subject), MAX_SUBJECT)
        if self.pages is None:
            return filled, bodies
        return filled, replace(bodies, text=subject, html=None, pdf=self.pages.draw(job, bodies.text))


AS_TEXT: Final = FaxForm()
