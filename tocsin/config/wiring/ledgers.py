"""The ledger, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from adapters.sqlite.ledger import SqliteLedger
from schemas.errors import UnusableError
from sender.ledger.port import Ledger
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings


class OpenLedger(Ledger, Protocol):
    """A ledger that has to be let go of."""

    def close(self) -> None:
        """Let go of connections."""
        ...


class LedgerPlace(Struct, frozen=True):
    """Where a sender keeps its ledger: in PostgreSQL where a URL is given, else in its data folder."""

    data: Path
    url: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> LedgerPlace:
        """Where the settings say."""
        return cls(settings.given(DATA), settings[LEDGER])

    @property
    def options(self) -> tuple[Path | None, str | None]:
        """As `open_ledger` takes it."""
        return (self.data, None) if self.url is None else (None, self.url)


class NoLedgerError(UnusableError, ValueError):
    """Neither a data folder nor a database was named, or both."""


@contextmanager
def open_ledger(data: Path | None, url: str | None) -> Iterator[OpenLedger]:
    """The ledger in this data folder, or in this PostgreSQL database (`postgresql://…`).

    Raises NoLedgerError and LedgerUnavailableError.
    """
    with closing(made_ledger(data, url)) as ledger:
        yield ledger


def made_ledger(data: Path | None, url: str | None) -> OpenLedger:
    """The same, for whoever lets go of it later."""
    if (data is None) == (url is None):
        raise NoLedgerError("name the ledger, either --data FOLDER or --ledger postgresql://…")
    return _postgres(url) if url is not None else SqliteLedger(database_in(data or Path()))


def _postgres(url: str) -> OpenLedger:
    from adapters.postgres.ledger import PostgresLedger  # noqa: PLC0415 - most installations need no client for it

    return PostgresLedger(url)
