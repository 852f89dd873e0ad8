"""A whole directory surveyed: whom the rules reach there, and whom they never will."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from adapters.files.directory_folder import Loading
from engine.rulebook.rulebook import Rulebook
from tocsin.authoring.reach.contracts import contract_gaps
from tocsin.authoring.reach.forms import contest_gaps, form_gaps, language_gaps
from tocsin.authoring.reach.gaps import Gap, GapCode, Survey
from tocsin.authoring.reach.people import people_gaps
from tocsin.authoring.reach.records import Surveyed, record_gaps


def survey(
    loading: Loading[Surveyed], rulebook: Rulebook, now: datetime, examples: int, progress: Callable[[int], None]
) -> Survey:
    """Look at everything. `progress` is told of each contract that is done."""
    found = Survey(examples)
    directory = loading.sink.directory
    for contract in [*directory.contracts()]:
        for gap in contract_gaps(contract, directory, rulebook, now):
            found.add(gap)
        progress(1)
    for gap in people_gaps(directory, rulebook, now):
        found.add(gap)
    for gap in (*form_gaps(directory), *record_gaps(loading.sink)):
        found.add(gap)
    for gap in contest_gaps(directory, rulebook):
        found.add(gap)
    for gap, people in language_gaps(directory, rulebook):
        found.add(gap, people)
    _add_problems(found, loading)
    return found


def _add_problems(found: Survey, loading: Loading[Surveyed]) -> None:
    for code, count in loading.log.counts.items():
        kept = [problem for problem in loading.log.kept if problem.code is code]
        of = GapCode.FILE_REMARK if code.is_warning else GapCode.SLIP if code.is_slip else GapCode.BAD_RECORD
        for problem in kept:
            place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
            name = f" {problem.kind or 'record'} {problem.id}" if problem.id is not None else ""
            found.add(Gap(of, ascii(place + name)[1:-1], problem.refusal.shown(), "", code))
        # The log of problems keeps the first of each kind; the others are counted as one gap that stands for them.
        if count > len(kept):
            found.add(Gap(of, "further ones", f"{count - len(kept)} more", "", code), count - len(kept))


def add_unmatched(found: Survey, rules: Iterable[str], events: int) -> None:
    """Name the rules that match none of so many recorded events."""
    for name in rules:
        why = f"it matches none of {events} {'event' if events == 1 else 'events'}"
        change = f"tocsin match {name} says what keeps it from them; tocsin check --events names slips in its values"
        found.add(Gap(GapCode.RULE_UNMATCHED, f"rule {name}", why, change))
