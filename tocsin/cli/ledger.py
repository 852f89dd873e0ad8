"""The ledger that a command looks into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import typer

from tocsin.cli.console import UNUSABLE, stop
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import NoLedgerError, OpenLedger, open_ledger
from tocsin.config.wiring.outcomes import OpenPosts, opened_posts


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[OpenLedger]:
    """The ledger, whether a sender works on it or not. Raises LedgerUnavailableError."""
    data, url = _place(settings)
    try:
        with open_ledger(data, url) as ledger:
            yield ledger
    except NoLedgerError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def opened_outcomes(settings: Settings) -> Iterator[OpenPosts]:
    """The posts of outcomes beside the ledger, likewise. Raises PostsUnavailableError."""
    data, url = _place(settings)
    try:
        with closing(opened_posts(data, url)) as posts:
            yield posts
    except NoLedgerError as error:
        raise typer.BadParameter(str(error)) from None


def _place(settings: Settings) -> tuple[Path | None, str | None]:
    """Data folder and URL, as the settings say; one of them is None."""
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if data is not None and not database_in(data).is_file():
        stop(f"{settings.named(DATA)}: there is no ledger in {data}", UNUSABLE)
    return data, url
