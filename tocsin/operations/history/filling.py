"""Fills a history by hand, or anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from history.filler import Filler
from history.ports import HistoryStore

FORGOTTEN_AT_ONCE: Final = 200


class Done(Struct, frozen=True):
    """Records that were read, decisions of them that are new, and records that could not be read."""

    records: int = 0
    decisions: int = 0
    unreadable: int = 0

    def __add__(self, other: Done) -> Done:
        """Both together."""
        return Done(self.records + other.records, self.decisions + other.decisions, self.unreadable + other.unreadable)


def fill(filler: Filler, is_stopped: Callable[[], bool]) -> Done:
    """Keep all that waits, or as much until it is stopped. Raises HistoryUnavailableError."""
    done = Done()
    while not is_stopped():
        step = filler.step()
        done += Done(step.records, step.decisions, len(step.unreadable))
        # A poll of Kafka may come back empty while something waits.
        if not step.records and not filler.lag():
            break
    return done


def begin_anew(store: HistoryStore, since: datetime, is_stopped: Callable[[], bool]) -> int:
    """Forget everything from a moment on, portion by portion, and then the positions; says how many decisions."""
    removed = 0
    while not is_stopped():
        portion = store.begin_anew(since, FORGOTTEN_AT_ONCE)
        removed += portion
        if not portion:
            break
    return removed
