"""The history of decisions, wherever it is kept: in the file or database of the ledger."""

from __future__ import annotations

from contextlib import AbstractContextManager

from adapters.sqlite.history import SqliteHistory
from history.ports import HistoryStore
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import opened_beside


def opened_history(settings: Settings) -> AbstractContextManager[HistoryStore]:
    """The history in the data folder, or in the PostgreSQL database, that the settings name.

    Raises NoLedgerError and HistoryUnavailableError.
    """
    return opened_beside(settings, "decisions", SqliteHistory, _postgres)


def _postgres(url: str) -> HistoryStore:
    from adapters.postgres.history import PostgresHistory  # noqa: PLC0415 - as for the ledger

    return PostgresHistory(url)
