"""Ends the process when a call hangs. kafka-python's calls about transactions have no time limit of their own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import structlog

log = structlog.get_logger()

EXIT_CODE: Final = 4
"""The exit code: start the process again. Nothing is lost, because the broker aborts the transaction."""


def end_process() -> None:
    """End this process at once, without any cleaning up: that could hang as well."""
    os._exit(EXIT_CODE)


class Watchdog:
    """Watches the calls of one thread, one call at a time."""

    def __init__(self, limit: timedelta, end: Callable[[], None] = end_process) -> None:
        self._limit = limit.total_seconds()
        self._end = end
        self._changed = threading.Condition()
        self._call: str | None = None
        self._allowed = self._limit
        self._deadline = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def watching(self, call: str, limit: timedelta | None = None) -> Iterator[None]:
        """End the process if the block takes longer than `limit`, or than the usual limit if that is None."""
        seconds = self._limit if limit is None else limit.total_seconds()
        with self._changed:
            self._call, self._allowed, self._deadline = call, seconds, time.monotonic() + seconds
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._call = None

    def close(self) -> None:
        """Stop watching."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._call is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    log.critical("call_hangs", call=self._call, limit_seconds=self._allowed, exit_code=EXIT_CODE)
                    # `end` may return, as in tests: report each call once.
                    self._call = None
                    self._end()
                    continue
                self._changed.wait(left)
