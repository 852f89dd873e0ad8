"""All finders, one after the other: everything that is wrong, in one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from schemas.finding import CheckReport, Finding, Severity, Summary
from tocsin.authoring.event_files import Line
from tocsin.authoring.lint import conditions, directory, rules, templates, texts, values
from tocsin.authoring.lint.subject import Subject, finding
from tocsin.authoring.rule_tests.reading import files_of_tests
from tocsin.authoring.rule_tests.running import faults_of_file
from tocsin.printing.printable import printable

Finder = Callable[[Subject], Iterable[Finding]]
"""Finds one kind of problem. It gets along with a subject that could be read in part only."""


def faults_of_rule_file(subject: Subject) -> Iterator[Finding]:
    """What the load itself refuses in the rule file."""
    return map(finding, subject.reading.faults)


def faults_of_rule_tests(subject: Subject) -> Iterator[Finding]:
    """The rule tests beside the rule file: those that can't be read, and those that fail.

    They are run only where the rule file has no fault, since they would fail for that reason alone.
    """
    rulebook = None if subject.reading.faults else subject.reading.rulebook
    try:
        files = files_of_tests(subject.file.parent, subject.file)
    except OSError:
        # Then the rule file can't be read either, which has been said.
        return
    for file in files:
        yield from map(finding, faults_of_file(file, rulebook))


FINDERS: Final[Sequence[Finder]] = (
    faults_of_rule_file,
    conditions.findings,
    values.findings,
    texts.findings,
    rules.findings,
    templates.findings,
    faults_of_rule_tests,
    directory.findings,
)


def check(
    rules_file: Path | None,
    folder: Path | None = None,
    finders: Sequence[Finder] = FINDERS,
    events: Iterable[Line] | None = None,
) -> CheckReport:
    """Everything that is found, by file and place. Raises OSError where directory or events can't be read at all."""
    subject = Subject(rules_file, folder, events)
    # Two finders may come upon the same fault.
    return _counted(sorted(_distinct(one for finder in finders for one in finder(subject)), key=_place(subject)))


def report_of(found: Iterable[Finding]) -> CheckReport:
    """A report of these findings, in their order."""
    return _counted(list(_distinct(found)))


def _distinct(found: Iterable[Finding]) -> dict[Finding, None]:
    return dict.fromkeys(map(_printable, found))


def _counted(found: list[Finding]) -> CheckReport:
    counts = Counter(one.severity for one in found)
    return CheckReport(found, Summary(counts[Severity.ERROR], counts[Severity.WARNING], counts[Severity.REMARK]))


def _printable(one: Finding) -> Finding:
    """The same, fit for every terminal and format: what can't be printed stands there as its escape."""
    names = ("file", "text", "message", "suggestion", "source")
    return replace(one, **{name: printable(getattr(one, name), kept="\t") for name in names})


def _place(subject: Subject) -> Callable[[Finding], tuple[bool, str, int, int, str, str]]:
    """The rule file comes first."""

    def place(one: Finding) -> tuple[bool, str, int, int, str, str]:
        return one.file != str(subject.file), one.file, one.line, one.column, one.code, one.message

    return place
