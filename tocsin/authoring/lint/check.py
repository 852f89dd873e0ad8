"""All finders, one after the other: everything that is wrong, in one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from schemas.finding import CheckReport, Finding, Severity, Summary
from tocsin.authoring.lint import conditions, directory, rule_file, rule_tests, rules, templates
from tocsin.authoring.lint.subject import Subject
from tocsin.printing.printable import printable

Finder = Callable[[Subject], Iterable[Finding]]
"""Finds one kind of problem. It gets along with a subject that could be read in part only."""

FINDERS: Final[Sequence[Finder]] = (
    rule_file.findings,
    conditions.findings,
    rules.findings,
    templates.findings,
    rule_tests.findings,
    directory.findings,
)


def check(rules_file: Path | None, folder: Path | None = None, finders: Sequence[Finder] = FINDERS) -> CheckReport:
    """Everything that is found, by file and place. Raises OSError where the directory can't be read at all."""
    subject = Subject(rules_file, folder)
    found = sorted({_printable(one) for finder in finders for one in finder(subject)}, key=_place(subject))
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
