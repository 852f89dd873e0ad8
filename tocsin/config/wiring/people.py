"""The people of the console, wherever they are kept: beside the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from adapters.sqlite.console_people import SqlitePeople
from console.people.ports import PeopleStore
from tocsin.config.data_folder import database_in
from tocsin.config.wiring.ledgers import NoLedgerError


@contextmanager
def open_people(data: Path | None, url: str | None) -> Iterator[PeopleStore]:
    """Those in this data folder, or in this PostgreSQL database. Raises NoLedgerError and StoreUnavailableError."""
    if (data is None) == (url is None):
        raise NoLedgerError("name where the console's people are: either --data FOLDER or --ledger postgresql://…")
    with closing(_postgres(url) if url is not None else SqlitePeople(database_in(data or Path()))) as people:
        yield people


def _postgres(url: str) -> PeopleStore:
    from adapters.postgres.console_people import PostgresPeople  # noqa: PLC0415 - as for the ledger

    return PostgresPeople(url)
