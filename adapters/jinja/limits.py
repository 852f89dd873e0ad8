"""What one rendering may use, and for whom it is. Jinja's sandbox bounds neither size nor time.

Every run of a loop, macro, block or file pays for the nodes and text in it before it runs. Every operation that makes
text pays for the text. So `WORK` bounds what a template can do, and `SECONDS` its processor time. Two things are not
bounded: the time to compile one file (of at most 64 KB), and what runs between two payments. That is one body of a loop
or file, over values that are themselves paid for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from schemas.errors import InputError

WORK: Final = 8_000_000
"""Units of work in one rendering. To make a character costs one unit, to run a node of a template costs NODE."""

NODE: Final = 20
SECONDS: Final = 2.0
"""Processor time of one rendering. A busy machine takes none of it."""

CLOCK_EVERY: Final = 1_000
"""Units of work between two looks at the clock. A look costs as much as a few nodes."""

OUTPUT_BYTES: Final = 1_048_576
"""The longest text of one part of a message, in UTF-8."""


class LimitError(InputError, RuntimeError):
    """A template does more than one rendering may."""


class Rendering:
    """The rendering under way: its reader's language and time zone, and how much work is left to it."""

    def __init__(self, language: str, time_zone: str) -> None:
        self.language = language
        self.time_zone = time_zone
        self._left = WORK
        self._looks_at = WORK
        self._until = time.thread_time() + SECONDS

    def spend(self, units: int) -> None:
        """Pay for work before it is done. Raises LimitError where there is not enough left."""
        self._left -= units
        if self._left < 0:
            raise LimitError(f"the template does more than {WORK} units of work")
        if self._left <= self._looks_at:
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        self._looks_at = self._left - CLOCK_EVERY
        if time.thread_time() > self._until:
            raise LimitError(f"the template takes more than {SECONDS} s")


_CURRENT: ContextVar[Rendering] = ContextVar("rendering")


@contextmanager
def rendering(language: str, time_zone: str) -> Iterator[Rendering]:
    """Within the block, filters and operators of this thread or task belong to this rendering."""
    current = Rendering(language, time_zone)
    token = _CURRENT.set(current)
    try:
        yield current
    finally:
        _CURRENT.reset(token)


def current_rendering() -> Rendering:
    """The rendering under way. Raises LookupError outside of one: nothing may run unbounded."""
    return _CURRENT.get()


def spend(units: int) -> None:
    """Pay for work of the rendering under way. Raises LimitError."""
    _CURRENT.get().spend(units)
