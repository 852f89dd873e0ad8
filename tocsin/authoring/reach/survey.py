"""A whole directory surveyed: whom the rules reach there, and whom they never will."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from adapters.files.directory_folder import Loading
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from tocsin.authoring.reach.contracts import contract_gaps
from tocsin.authoring.reach.forms import customers_by_default, languages_without_templates
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
    for gap in (*_forms(directory), *record_gaps(loading.sink)):
        found.add(gap)
    for gap, people in _languages(directory, rulebook):
        found.add(gap, people)
    _add_problems(found, loading)
    return found


def _forms(directory: Directory) -> Iterator[Gap]:
    for customer, trigger, missing in customers_by_default(directory):
        why = f"alerts.{trigger} has no {' and no '.join(missing)}"
        yield Gap(
            GapCode.DEFAULT_FORM, f"customer/{customer}", why, "name them, if the usual ones will not do", trigger
        )


def _languages(directory: Directory, rulebook: Rulebook) -> Iterator[tuple[Gap, int]]:
    policy = rulebook.policy
    for language, people in sorted(languages_without_templates(directory, policy).items()):
        why = f"{people} {'person reads' if people == 1 else 'people read'} {policy.language} instead"
        change = f"write templates in {language} and add it to `settings: languages:`"
        yield Gap(GapCode.LANGUAGE_WITHOUT_TEMPLATES, f"language {language}", why, change, language), people


def _add_problems(found: Survey, loading: Loading[Surveyed]) -> None:
    for code, count in loading.log.counts.items():
        kept = [problem for problem in loading.log.kept if problem.code is code]
        of = GapCode.FILE_REMARK if code.is_warning else GapCode.SLIP if code.is_slip else GapCode.BAD_RECORD
        for problem in kept:
            place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
            name = f" {problem.kind or 'record'} {problem.id}" if problem.id is not None else ""
            found.add(Gap(of, ascii(place + name)[1:-1], problem.refusal.shown(), "", code))
        if count > len(kept):
            found.add(Gap(of, "further ones", f"{count - len(kept)} more", "", code), count - len(kept))
