"""The ledger that a command looks into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from adapters.sqlite.database import DatabaseError
from sender.ledger.port import LedgerUnavailableError
from tocsin.cli.console import UNUSABLE, named_failures, stop
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import NoLedgerError, OpenLedger, open_ledger


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[OpenLedger]:
    """The ledger, whether a sender works on it or not. Ends the command where it can't be used."""
    try:
        with tried_ledger(settings.either(LEDGER, DATA)) as ledger:
            yield ledger
    except (LedgerUnavailableError, DatabaseError) as error:
        stop(str(error), UNUSABLE)


@contextmanager
def tried_ledger(settings: Settings) -> Iterator[OpenLedger]:
    """The same, for commands that can do without. Raises LedgerUnavailableError or DatabaseError."""
    url, data = settings[LEDGER], settings[DATA]
    if data is not None and not database_in(data).is_file():
        stop(f"{settings.named(DATA)}: there is no ledger in {data}", UNUSABLE)
    try:
        with named_failures(), open_ledger(data, url) as ledger:
            yield ledger
    except NoLedgerError as error:
        raise typer.BadParameter(str(error)) from None
