"""The history of decisions, wherever it is kept: in the file or database of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from adapters.sqlite.history import SqliteHistory
from history.ports import HistoryStore
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import NoLedgerError


@contextmanager
def opened_history(settings: Settings) -> Iterator[HistoryStore]:
    """The history in the data folder, or in the PostgreSQL database, that the settings name.

    Raises NoLedgerError and HistoryUnavailableError.
    """
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if url is not None:
        with closing(_postgres(url)) as history:
            yield history
    elif data is not None:
        with closing(SqliteHistory(database_in(data))) as history:
            yield history
    else:
        raise NoLedgerError("name where decisions are kept, either --data FOLDER or --ledger postgresql://…")


def _postgres(url: str) -> HistoryStore:
    from adapters.postgres.history import PostgresHistory  # noqa: PLC0415 - as for the ledger

    return PostgresHistory(url)
