"""A ledger that does not answer: waited for at the start, and told of in the log while the service runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import structlog

from sender.ledger.port import LedgerAwayError
from tocsin.config.wiring.ledgers import OpenLedger, made_ledger
from tocsin.services.lifecycle.loops import PAUSE_SECONDS
from tocsin.services.lifecycle.stopping import Stop, StoppedError
from tocsin.services.lifecycle.vitals import Monotonic


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
            # Waiting for the event rather than sleeping: a stop ends the wait at once.
            stop.event.wait(PAUSE_SECONDS)
    tell(None)
    with closing(made) as ledger:
        yield ledger


def _made_unless(stop: Stop, data: Path | None, url: str | None) -> OpenLedger:
    """The ledger, opened in a thread: a connection may take long to fail, and a stop does not wait for it."""
    made: Future[OpenLedger] = Future()
    over = threading.Event()

    def make() -> None:
        try:
            made.set_result(made_ledger(data, url))
        except BaseException as error:  # noqa: BLE001 - raised by the one who waits
            made.set_exception(error)
        over.set()

    threading.Thread(target=make, name="open-ledger", daemon=True).start()
    # Whichever comes first: the ledger, or a stop.
    stop.then(over.set)
    over.wait()
    if stop.event.is_set():
        raise StoppedError
    return made.result()


log = structlog.get_logger()

TELL_EVERY: Final = 30.0
"""Seconds between two lines about one outage."""


class LedgerOutage:
    """Tells of an outage in the log, in one line for all parts of a service, each of which waits in its own thread.

    The outage is over once no part waits any more. An answer to one part says nothing about what the others ask for.
    """

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._waiting: set[str] = set()
        self._since: float | None = None
        self._told = 0.0

    def goes_on(self, part: str, code: str, said: str) -> None:
        """The ledger does not answer this part. `said` is written to the log, so it must hold no secret."""
        with self._turn:
            self._waiting.add(part)
            now = self._monotonic()
            if self._since is not None and now - self._told < TELL_EVERY:
                return
            self._since, self._told = self._since if self._since is not None else now, now
            log.warning("ledger_unavailable", error=code, said=said, seconds=round(now - self._since))

    def is_over(self, part: str) -> None:
        """The ledger answers this part. The log tells of the end of the outage once no other part waits either."""
        with self._turn:
            self._waiting.discard(part)
            if self._since is None or self._waiting:
                return
            log.info("ledger_back", seconds=round(self._monotonic() - self._since))
            self._since = None

    def holds_up(self, *but: str) -> bool:
        """Whether any part waits, besides these."""
        with self._turn:
            return bool(self._waiting.difference(but))
