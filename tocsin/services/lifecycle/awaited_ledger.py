"""A ledger that does not answer yet is waited for, until the service is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path

from sender.ledger.port import LedgerAwayError
from tocsin.config.wiring.ledgers import OpenLedger, made_ledger
from tocsin.services.lifecycle.liveness import PAUSE_SECONDS
from tocsin.services.lifecycle.stopping import Stop, StoppedError


@contextmanager
def awaited_ledger(
    data: Path | None, url: str | None, stop: Stop, tell: Callable[[LedgerAwayError | None], None]
) -> Iterator[OpenLedger]:
    """The ledger in this data folder or database, as soon as it answers. `tell` is told of the wait and its end.

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
            made.set_result(made_ledger(data, url))
        except BaseException as error:  # noqa: BLE001 - raised by the one who waits
            made.set_exception(error)
        over.set()

    threading.Thread(target=make, name="open-ledger", daemon=True).start()
    stop.then(over.set)
    over.wait()
    if stop.event.is_set():
        raise StoppedError
    return made.result()
