"""The rule tests beside a rule file: those that can't be read, and those that fail."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.finding import Finding
from tocsin.authoring.lint.subject import Subject, finding
from tocsin.authoring.rule_tests.reading import files_of_tests
from tocsin.authoring.rule_tests.running import faults_of_file


def findings(subject: Subject) -> Iterator[Finding]:
    """Tests are run only where the rule file has no fault: else they would fail for that reason alone."""
    rulebook = None if subject.reading.faults else subject.reading.rulebook
    try:
        files = files_of_tests(subject.file.parent, subject.file)
    except OSError:
        # Then the rule file can't be read either, which has been said.
        return
    for file in files:
        yield from map(finding, faults_of_file(file, rulebook))
