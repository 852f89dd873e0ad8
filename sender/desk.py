"""Where messages are written: on the loop's own thread while that is quick, beside it where it has been slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Final

from sender.ports import Composed

QUICK: Final = 0.05
"""Seconds of processor time that may pass on the loop's thread."""

KINDS: Final = 1_000
"""How many slow kinds are remembered."""


class Desk:
    """Writes messages of kinds: those of one kind (template and language) are about as slow as each other.

    Threads share one interpreter. A message that is written beside the loop takes the loop's turn at each reply of the
    relay, so that both get slower: three times, as measured. But a template that takes seconds must not stop the
    others. It does so once, and is written beside the loop from then on, until it is quick again.
    """

    def __init__(self, quick: float = QUICK, seconds: Callable[[], float] = time.thread_time) -> None:
        self._quick = quick
        self._seconds = seconds
        self._slow: dict[Hashable, None] = {}

    async def write(self, kind: Hashable | None, call: Callable[[], Composed]) -> Composed:
        """What `call` returns or raises. A message of kind None is always written beside the loop."""
        if kind is None:
            return await asyncio.to_thread(call)
        return await asyncio.to_thread(self._timed, kind, call) if kind in self._slow else self._timed(kind, call)

    def _timed(self, kind: Hashable, call: Callable[[], Composed]) -> Composed:
        started = self._seconds()
        try:
            return call()
        finally:
            self._note(kind, self._seconds() - started)

    def _note(self, kind: Hashable, seconds: float) -> None:
        if seconds <= self._quick:
            self._slow.pop(kind, None)
        elif len(self._slow) < KINDS:
            self._slow[kind] = None
