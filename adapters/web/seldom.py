"""Warnings that whoever can reach the server may cause as often as they like: in the log, each once a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

AGAIN: Final = 60.0
"""Seconds from a line to the next one that says the same."""

MOST: Final = 200
"""Warnings that are remembered; beyond that, the one that was said the longest ago is forgotten."""


class Seldom:
    """It belongs to the thread that serves. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()
        """When each was said, and how often it came since then."""

    def times(self, *what: str) -> int:
        """Count a warning, which these words tell from others.

        How often it came since it was last said, where it is to be said now; 0: it was said just now.
        """
        now = self._monotonic()
        at, before = self._said.get(what, (float("-inf"), 0))
        if now - at < AGAIN:
            self._said[what] = at, before + 1
            return 0
        self._said[what] = now, 0
        self._said.move_to_end(what)
        if len(self._said) > MOST:
            self._said.popitem(last=False)
        return before + 1
