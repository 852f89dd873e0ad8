"""An outage of the ledger that is waited out, in the log: its beginning, a line once in a while, its end."""

from __future__ import annotations

import threading
import time
from typing import Final

import structlog

from tocsin.services.monitoring.vitals import Monotonic

log = structlog.get_logger()

TELL_EVERY: Final = 30.0
"""Seconds between two lines about one outage."""


class LedgerOutage:
    """Several parts of a service wait for the ledger, and tell of it from their threads: one line says it for all.

    It is over once no part waits any more: one that got an answer says nothing of what the others ask for.
    """

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._waiting: set[str] = set()
        self._since: float | None = None
        self._told = 0.0

    def goes_on(self, part: str, code: str, said: str) -> None:
        """It does not answer this part, or not now. The words must hold no secret."""
        with self._turn:
            self._waiting.add(part)
            now = self._monotonic()
            if self._since is not None and now - self._told < TELL_EVERY:
                return
            self._since, self._told = self._since if self._since is not None else now, now
            log.warning("ledger_unavailable", error=code, said=said, seconds=round(now - self._since))

    def is_over(self, part: str) -> None:
        """It answers this part. Says so where it did not before, and the others don't wait either."""
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
