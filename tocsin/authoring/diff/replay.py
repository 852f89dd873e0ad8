"""Recorded events decided twice: by the old rules and directory, and by the new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from engine.decide import Judged, judge_all
from engine.directory.directory import Directory
from engine.ports import RulesInForce
from schemas.event import Event
from tocsin.authoring.diff.changes import Change, changes
from tocsin.authoring.diff.tally import Tally
from tocsin.authoring.event_files import Line, batches
from tocsin.authoring.explain.one_way import Cause, why_not
from tocsin.authoring.matches.matching import MatchedRules


class Side(Struct, frozen=True):
    """What events are decided by. `is_shipped`: the rules are the default ones, of which nobody asks if they match."""

    directory: Directory
    rules: RulesInForce
    is_shipped: bool = False

    def judge(self, cases: list[tuple[Event, datetime]]) -> list[Judged]:
        """The decisions about events, each as judged at its time."""
        return judge_all(cases, self.directory, self.rules.rulebook, self.rules.matcher)


def replay(
    lines: Iterable[Line], old: Side, new: Side, at: datetime | None, tally: Tally, progress: Callable[[int], None]
) -> None:
    """Decide all events twice, and count what differs, and which rules matched none of them.

    `at` is the time by which all are judged; None: each by its own. `progress` is told how many bytes are done.
    """
    sides = [(side, MatchedRules(side.rules.rulebook)) for side in (old, new)]
    for batch in batches(lines, at):
        cases = batch.cases
        # A line that can't be read is decided by neither side, and so is no difference.
        for _ in range(batch.refused):
            tally.refuse()
        for (event, now), before, after in zip(cases, old.judge(cases), new.judge(cases), strict=True):
            for (side, matched), judged in zip(sides, (before, after), strict=True):
                if not side.is_shipped:
                    matched.see(judged)
            tally.add(event, changes(before.decision, after.decision), _cause(event, now, old, new))
        progress(batch.size)
    left = [[] if side.is_shipped else matched.unmatched() for side, matched in sides]
    tally.unmatched = (left[0], left[1])


def _cause(event: Event, now: datetime, old: Side, new: Side) -> Callable[[Change], Cause | None]:
    """Why the side that has no message has none. It is asked for examples alone: each is decided once more."""

    def cause(change: Change) -> Cause | None:
        job = change.old or change.new
        if job is None or None not in (change.old, change.new):
            return None
        side = new if change.new is None else old
        return why_not(event, now, side.directory, side.rules.rulebook, job)

    return cause
