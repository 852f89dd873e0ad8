"""Fills the history as a part of a service: in small batches with rests between them, and never in anybody's way."""

from __future__ import annotations

import threading
import time
from typing import Final

import structlog

from adapters.prometheus.history_metrics import HistoryMetrics
from history.filler import Filled, Filler
from history.ports import HistoryUnavailableError

log = structlog.get_logger()

REST: Final = 3.0
"""How many times as long as a batch took is rested behind it: what fills has a quarter of a processor at most."""
LONGEST_REST: Final = 1.0
"""Seconds."""


class HistoryLoop:
    """The steps of a loop that fills a history.

    Nothing that goes wrong here ends the service: decisions and messages go on, and the topics keep what waits.
    """

    def __init__(self, filler: Filler, metrics: HistoryMetrics, stop: threading.Event) -> None:
        self._filler = filler
        self._metrics = metrics
        self._stop = stop
        self._is_away = False
        self._has_failed = False

    def step(self) -> bool:
        """Keep a batch, and rest. True: step again at once, since there may be more to do."""
        if self._has_failed:
            return False
        begun = time.monotonic()
        done = self._tried()
        if done is None or done.is_idle:
            return False
        self._stop.wait(min(LONGEST_REST, REST * (time.monotonic() - begun)))
        return True

    def fill(self) -> bool:
        """Keep all that waits now, without rests. Says whether that was done."""
        while not self._stop.is_set():
            done = None if self._has_failed else self._tried()
            if done is None:
                return False
            if not done.records:
                break
        return True

    def _tried(self) -> Filled | None:
        """One batch; None where it could not be kept."""
        try:
            done = self._filler.step()
            self._metrics.waits(self._filler.lag() if done.records else 0)
        except HistoryUnavailableError as error:
            self._metrics.failed()
            if not self._is_away:
                log.warning("history_unavailable", code=error.code, said=str(error))
            self._is_away = True
            return None
        except Exception:
            # A fault of ours must not keep anybody from being alerted: it costs the history until the next start.
            self._metrics.failed()
            self._has_failed = True
            log.exception("history_failed")
            return None
        if self._is_away:
            log.info("history_goes_on")
        self._is_away = False
        self._metrics.kept(done.decisions, len(done.unreadable))
        for one in done.unreadable:
            log.warning("decision_unreadable", partition=one.part.partition, offset=one.offset, error=one.error)
        return done
