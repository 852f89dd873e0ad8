"""People who are forgotten, in the ledger: they are taken out of its jobs, and that it happened is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sender.privacy.forgetting import Blanked, Forgetting, Forgotten


class ForgottenPeople(Protocol):
    """Takes people out of what the ledger keeps (GDPR, article 17), page by page."""

    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        """Take a person out of at most `limit` jobs from behind the place `after`, and out of the outbox.

        Of their own finished jobs nothing stays that tells of whom they were, nor what was said of them. Of the
        finished ones of others, only what names the person goes. Open jobs stay as they are.
        """
        ...

    def note_forgotten(self, one: Forgotten) -> None:
        """Keep that a person was forgotten."""
        ...

    def forgotten(self, limit: int) -> Sequence[Forgotten]:
        """At most `limit` people who were forgotten, the last one first."""
        ...
