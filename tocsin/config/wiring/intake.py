"""States of tickets, wherever they are kept: in the file or database of the ledger."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from adapters.sqlite.ticket_states import SqliteTicketStates
from intake.ports import KeptPosts, TicketStates
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import opened_beside


class OpenStates(TicketStates, KeptPosts, Protocol):
    """States of tickets, with all that is kept of posts."""


def opened_states(settings: Settings) -> AbstractContextManager[OpenStates]:
    """The states in the data folder, or in the PostgreSQL database, that the settings name.

    Raises NoLedgerError and LogUnavailableError.
    """
    return opened_beside(settings, "states of tickets", SqliteTicketStates, _postgres)


def _postgres(url: str) -> OpenStates:
    from adapters.postgres.ticket_states import PostgresTicketStates  # noqa: PLC0415 - as for the ledger

    return PostgresTicketStates(url)
