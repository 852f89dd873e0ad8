"""The ledger, wherever it is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from adapters.sqlite.ledger import SqliteLedger
from sender.ledger import Ledger, LedgerAwayError
from tocsin.running.embedded import database_in
from tocsin.running.loops import PAUSE_SECONDS
from tocsin.running.stopping import Stop, StoppedError


class OpenLedger(Ledger, Protocol):
    """A ledger that has to be let go of."""

    def close(self) -> None:
        """Let go of connections."""
        ...


class LedgerPlace(Struct, frozen=True):
    """Where a sender keeps its ledger: in PostgreSQL where a URL is given, else in its data folder."""

    data: Path
    url: str | None = None

    @property
    def options(self) -> tuple[Path | None, str | None]:
        """As `open_ledger` takes it."""
        return (self.data, None) if self.url is None else (None, self.url)


class NoLedgerError(ValueError):
    """Neither a data folder nor a database was named, or both."""


@contextmanager
def open_ledger(data: Path | None, url: str | None) -> Iterator[OpenLedger]:
    """The ledger in this data folder, or in this PostgreSQL database (`postgresql://…`).

    Raises NoLedgerError and LedgerUnavailableError.
    """
    with closing(_made(data, url)) as ledger:
        yield ledger


@contextmanager
def awaited_ledger(
    data: Path | None, url: str | None, stop: Stop, tell: Callable[[LedgerAwayError | None], None]
) -> Iterator[OpenLedger]:
    """The same; one that does not answer is waited for, until told to stop. `tell` is told of the wait and its end.

    Raises NoLedgerError, LedgerUnavailableError, and StoppedError where it was told to stop first.
    """
    made = None
    while made is None:
        try:
            made = _made_unless(stop, data, url)
        except LedgerAwayError as error:
            tell(error)
            stop.event.wait(PAUSE_SECONDS)
    tell(None)
    with closing(made) as ledger:
        yield ledger


def _made_unless(stop: Stop, data: Path | None, url: str | None) -> OpenLedger:
    """Made in a thread for which nobody waits at a stop: a connection may take its time to fail."""
    made: Future[OpenLedger] = Future()
    over = threading.Event()

    def make() -> None:
        try:
            made.set_result(_made(data, url))
        except BaseException as error:  # noqa: BLE001 - raised by the one who waits
            made.set_exception(error)
        over.set()

    threading.Thread(target=make, name="open-ledger", daemon=True).start()
    stop.then(over.set)
    over.wait()
    if stop.event.is_set():
        raise StoppedError
    return made.result()


def _made(data: Path | None, url: str | None) -> OpenLedger:
    if (data is None) == (url is None):
        raise NoLedgerError("name the ledger, either --data FOLDER or --ledger postgresql://…")
    return _postgres(url) if url is not None else SqliteLedger(database_in(data or Path()))


def _postgres(url: str) -> OpenLedger:
    from adapters.postgres.ledger import PostgresLedger  # noqa: PLC0415 - most installations need no client for it

    return PostgresLedger(url)
