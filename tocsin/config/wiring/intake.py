"""States of tickets, wherever they are kept: in the file or database of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from adapters.sqlite.ticket_states import SqliteTicketStates
from intake.ports import KeptPosts, TicketStates
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import NoLedgerError


class OpenStates(TicketStates, KeptPosts, Protocol):
    """States of tickets, with all that is kept of posts."""


@contextmanager
def opened_states(settings: Settings) -> Iterator[OpenStates]:
    """The states in the data folder, or in the PostgreSQL database, that the settings name.

    Raises NoLedgerError and LogUnavailableError.
    """
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if url is not None:
        with closing(_postgres(url)) as states:
            yield states
    elif data is not None:
        with closing(SqliteTicketStates(database_in(data))) as states:
            yield states
    else:
        raise NoLedgerError("name where states of tickets are kept, either --data FOLDER or --ledger postgresql://…")


def _postgres(url: str) -> OpenStates:
    from adapters.postgres.ticket_states import PostgresTicketStates  # noqa: PLC0415 - as for the ledger

    return PostgresTicketStates(url)
