"""The names of the topics."""

from __future__ import annotations

from typing import Final

TICKETS: Final = "helpdesk.tickets"
DIRECTORY: Final = "helpdesk.directory"
JOBS: Final = "tocsin.jobs"
DECISIONS: Final = "tocsin.decisions"
DEAD_LETTERS: Final = "tocsin.dead-letters"
OUTCOMES: Final = "tocsin.outcomes"
SUPPRESSIONS: Final = "tocsin.suppressions"
