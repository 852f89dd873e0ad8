"""A message as its reader sees it: written anew from what the ledger keeps, as the sender writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from console.screens.viewer import Viewer
from sender.privacy.naming import FORGOTTEN
from sender.records import LedgerEntry

MOST_TEXT: Final = 200_000
"""Characters of a text that a page shows."""


class Letter(Struct, frozen=True):
    """Header fields (RFC 5322, section 2.2), subject and bodies. `fault` says why the built-in text stands in."""

    headers: Sequence[tuple[str, str]]
    subject: str
    text: str
    html: str | None
    fault: str | None = None


class NoLetterError(Exception):
    """The message can't be written now. `word` is the key of the words that say why, `why` more of it."""

    def __init__(self, word: str, why: str = "") -> None:
        super().__init__(word, why)
        self.word = word
        self.why = why


class Letters(Protocol):
    """Writes messages by the templates in force. It sends nothing."""

    def letter(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> Letter:
        """The message of a job, or the digest that it carries. It has no link to opt out, which is its reader's own.

        Raises NoLetterError.
        """
        ...


class NoLetters:
    """Letters that nobody has opened."""

    def letter(self, entry: LedgerEntry, listed: Sequence[LedgerEntry]) -> Letter:  # noqa: ARG002
        """See Letters."""
        raise NoLetterError("letter.not_ready")


class LetterLedger(Protocol):
    """The ledger, for this screen."""

    def find(self, job: str) -> LedgerEntry | None:
        """See sender.ledger.jobs.JobListing."""
        ...

    def bundle(self, carrier: str) -> Sequence[LedgerEntry]:
        """See sender.ledger.storms."""
        ...


def letter_of(ledger: LetterLedger, letters: Letters, job: str, viewer: Viewer) -> tuple[LedgerEntry, Letter] | None:
    """The message of this job; None where there is none that may be seen. Raises NoLetterError."""
    entry = ledger.find(job)
    if entry is None or not viewer.sees_people or not viewer.may_see(entry.job.customer):
        return None
    if entry.job.address == FORGOTTEN:
        raise NoLetterError("letter.forgotten")
    listed = ledger.bundle(job)
    if not all(viewer.may_see(one.job.customer) for one in listed):
        raise NoLetterError("letter.others")
    return entry, letters.letter(entry, listed)
