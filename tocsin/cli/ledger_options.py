"""What all commands that look into a ledger share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from adapters.sqlite.database import DatabaseError
from sender.ledger.port import LedgerUnavailableError
from tocsin.cli.console import UNUSABLE, named_failures, stop
from tocsin.cli.settled import in_force, one_of, option
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.wiring.ledgers import NoLedgerError, OpenLedger, open_ledger

DataOption = Annotated[Path | None, option(DATA)]
LedgerOption = Annotated[str | None, option(LEDGER)]


@contextmanager
def opened_ledger(data: Path | None, url: str | None) -> Iterator[OpenLedger]:
    """The ledger, whether a sender works on it or not. Ends the command where it can't be used."""
    try:
        with tried_ledger(data, url) as ledger:
            yield ledger
    except (LedgerUnavailableError, DatabaseError) as error:
        stop(str(error), UNUSABLE)


@contextmanager
def tried_ledger(data: Path | None, url: str | None) -> Iterator[OpenLedger]:
    """The same, for commands that can do without. Raises LedgerUnavailableError or DatabaseError."""
    url, data = one_of(LEDGER, DATA, (url, data))
    if data is not None and not database_in(data).is_file():
        stop(f"{in_force().named(DATA)}: there is no ledger in {data}", UNUSABLE)
    try:
        with named_failures(), open_ledger(data, url) as ledger:
            yield ledger
    except NoLedgerError as error:
        raise typer.BadParameter(str(error)) from None
