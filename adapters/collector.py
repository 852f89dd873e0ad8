"""Python's garbage collector, kept out of the way of large loads."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
