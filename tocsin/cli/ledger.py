"""The ledger that a command looks into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tocsin.cli.console import UNUSABLE, stop
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import NoLedgerError, OpenLedger, open_ledger


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[OpenLedger]:
    """The ledger, whether a sender works on it or not. Raises LedgerUnavailableError."""
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if data is not None and not database_in(data).is_file():
        stop(f"{settings.named(DATA)}: there is no ledger in {data}", UNUSABLE)
    try:
        with open_ledger(data, url) as ledger:
            yield ledger
    except NoLedgerError as error:
        raise typer.BadParameter(str(error)) from None
