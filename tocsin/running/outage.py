"""An outage of the ledger that is waited out, in the log: its beginning, a line once in a while, its end."""

from __future__ import annotations

import threading
import time
from typing import Final

import structlog

from tocsin.running.vitals import Monotonic

log = structlog.get_logger()

TELL_EVERY: Final = 30.0
"""Seconds between two lines about one outage."""


class LedgerOutage:
    """Several loops of a service wait for the ledger, and tell of it from their threads: one line says it for all."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._since: float | None = None
        self._told = 0.0

    def goes_on(self, code: str, said: str) -> None:
        """It does not answer, or not now. The words must hold no secret."""
        with self._turn:
            now = self._monotonic()
            if self._since is not None and now - self._told < TELL_EVERY:
                return
            self._since, self._told = self._since if self._since is not None else now, now
            log.warning("ledger_unavailable", error=code, said=said, seconds=round(now - self._since))

    def is_over(self) -> None:
        """It answers. Says so where it did not before."""
        with self._turn:
            if self._since is None:
                return
            log.info("ledger_back", seconds=round(self._monotonic() - self._since))
            self._since = None
