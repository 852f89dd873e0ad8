"""Which rules of a file match none of recorded events, whatever gates come after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from engine.decide import Judged, judge_all
from engine.directory.directory import Directory
from engine.ports import RulesInForce
from engine.rulebook.rulebook import Rulebook
from tocsin.authoring.event_files import Line, batches


class MatchedRules:
    """Those of a file's own rules that have matched some event. Inherited rules are nobody's to mend."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._left = dict.fromkeys(rule.name for rule in rulebook.rules if rule.path)

    def see(self, judged: Judged) -> None:
        """Take an event into account."""
        if self._left and judged.matches is not None:
            for rule, _ in judged.matches.everyone():
                self._left.pop(rule.name, None)

    def unmatched(self) -> list[str]:
        """The names of the rules that matched none of the events, in the order of the file."""
        return [*self._left]


def unmatched_rules(
    lines: Iterable[Line],
    directory: Directory,
    in_force: RulesInForce,
    at: datetime | None,
    progress: Callable[[int], None],
) -> tuple[list[str], int]:
    """The rules that match none of these events, and how many of those can be read.

    `at` is the time by which all are judged; None: each by its own. `progress` is told how many bytes are done.
    """
    matched, events = MatchedRules(in_force.rulebook), 0
    for batch in batches(lines, at):
        cases = batch.cases
        events += len(cases)
        for judged in judge_all(cases, directory, in_force.rulebook, in_force.matcher):
            matched.see(judged)
        progress(batch.size)
    return matched.unmatched(), events
