"""Events decided twice, by the old rules and directory and by the new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec import Struct

from engine.decide import Decision, decide_all
from engine.directory.directory import Directory
from engine.ports import RulesInForce
from schemas.event import Event
from tocsin.authoring.diff.changes import changes
from tocsin.authoring.diff.tally import Tally
from tocsin.authoring.event_files import Line

BATCH: Final = 200


class Side(Struct, frozen=True):
    """What events are decided by."""

    directory: Directory
    rules: RulesInForce

    def decide(self, cases: list[tuple[Event, datetime]]) -> list[Decision]:
        """The decisions about events, each as judged at its time."""
        return decide_all(cases, self.directory, self.rules.rulebook, self.rules.matcher)


def replay(
    lines: Iterable[Line], old: Side, new: Side, at: datetime | None, tally: Tally, progress: Callable[[int], None]
) -> None:
    """Decide all events twice, and count what differs.

    `at` is the time by which all are judged; None: each by its own. `progress` is told how many bytes are done.
    """
    for batch in _batches(lines):
        cases = [(line.event, at or line.event.time) for line in batch if line.event is not None]
        for _ in range(len(batch) - len(cases)):
            tally.refuse()
        for (event, _), before, after in zip(cases, old.decide(cases), new.decide(cases), strict=True):
            tally.add(event, changes(before, after))
        progress(sum(len(line.raw) + 1 for line in batch))


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield batch
