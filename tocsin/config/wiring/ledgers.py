"""The ledger, wherever it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec import Struct

from adapters.sqlite.ledger import SqliteLedger
from schemas.errors import UnusableError
from sender.ledger.port import Ledger
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings


class Closable(Protocol):
    """Something that has to be let go of."""

    def close(self) -> None:
        """Let go of connections."""
        ...


T = TypeVar("T")
Open = TypeVar("Open", bound=Closable)


class OpenLedger(Ledger, Closable, Protocol):
    """A ledger that has to be let go of."""


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
    return made_beside(data, url, SqliteLedger, _postgres)


def made_beside(data: Path | None, url: str | None, in_file: Callable[[Path], T], in_postgres: Callable[[str], T]) -> T:
    """The ledger, or what is kept in its file or database beside it.

    Raises NoLedgerError where neither place was named, or both.
    """
    if (data is None) == (url is None):
        raise NoLedgerError("name the ledger, either --data FOLDER or --ledger postgresql://…")
    return in_postgres(url) if url is not None else in_file(database_in(data or Path()))


@contextmanager
def opened_beside(
    settings: Settings, kept: str, in_file: Callable[[Path], Open], in_postgres: Callable[[str], Open]
) -> Iterator[Open]:
    """What is kept beside the ledger, in the data folder or the PostgreSQL database that the settings name.

    `kept` says what that is, to whoever named no place. Raises NoLedgerError.
    """
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if url is None and data is None:
        raise NoLedgerError(f"name where {kept} are kept, either --data FOLDER or --ledger postgresql://…")
    with closing(made_beside(data if url is None else None, url, in_file, in_postgres)) as opened:
        yield opened


def _postgres(url: str) -> OpenLedger:
    from adapters.postgres.ledger import PostgresLedger  # noqa: PLC0415 - most installations need no client for it

    return PostgresLedger(url)
