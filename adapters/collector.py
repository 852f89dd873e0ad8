"""Python's garbage collector, kept out of the way of large loads and batches."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

OBJECTS_BETWEEN: Final = 200_000
"""Objects that have come and not gone before the next look for cycles: more than a batch of events makes."""


@contextmanager
def collector_off() -> Iterator[None]:
    """Load much that stays: the garbage collector rests meanwhile, and never looks at any of it afterwards."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # What is garbage now would be kept for ever with the rest.
        gc.collect()
        gc.freeze()
        if was_on:
            gc.enable()


@contextmanager
def collector_seldom() -> Iterator[None]:
    """Work in large batches: let the garbage collector look for cycles seldom, since a batch holds none.

    By default it looks through the whole batch again and again while that is made.
    """
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
