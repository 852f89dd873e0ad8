"""What became of jobs, from the sender's ledger, as long as that answers."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.sqlite.database import DatabaseError
from sender.ledger.port import LedgerUnavailableError
from sender.records import Change
from tocsin.operations.history.telling import Histories, no_histories


class Fates:
    """Histories from a ledger. Once it can't be used, it is asked no more, and `unknown` says why."""

    def __init__(self, ask: Histories = no_histories, unknown: str | None = None) -> None:
        self._ask = ask
        self.unknown = unknown

    def __call__(self, job: str) -> Sequence[Change] | None:
        """See Histories."""
        if self.unknown is None:
            try:
                return self._ask(job)
            except (LedgerUnavailableError, DatabaseError) as error:
                self.unknown = str(error)
        return None
