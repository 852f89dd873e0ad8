"""Rule tests run: each through the decision itself, on a directory of its own. Nothing is sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from adapters.rule_files.load import DEFAULT_FILE
from adapters.yaml_files.faults import Fault, FaultyFileError
from engine.decide import Decision, decide
from engine.rulebook.rulebook import Rulebook
from engine.stages.s4_rule_matching import RuleMatcher
from schemas.finding import FindingCode
from tocsin.authoring.rule_tests.expectations import differences
from tocsin.authoring.rule_tests.preparing import Prepared, prepare
from tocsin.authoring.rule_tests.reading import files_of_tests


class Result(Struct, frozen=True):
    """What came of one test. `differences` is empty where it passed."""

    test: Prepared
    decision: Decision
    differences: list[str]
    seconds: float


class Failure(Struct, frozen=True):
    """A test that did not pass: where it stands, and each difference as a person reads it."""

    file: str
    line: int
    column: int
    test: str
    differences: list[str]

    def __str__(self) -> str:
        """The failure on as many lines as there are differences, and one before them."""
        head = f"{self.file}:{self.line}:{self.column}: {self.test}"
        return "\n".join([head, *(f"    {difference}" for difference in self.differences)])


def run_rule_tests(
    rulebook: Rulebook, folder: Path, rules: Path | None = None, matcher: RuleMatcher | None = None
) -> list[Failure]:
    """Run the tests of a folder against a rulebook, and return those that fail.

    `rules` is the rulebook's file: tests beside another rule file of the folder are then left out. `matcher` is asked
    for the rules of this rulebook, the plain evaluator where it is None. Raises FaultyFileError where a file of tests
    can't be read, and OSError for the folder.
    """
    return [one for file in files_of_tests(folder, rules) for one in _failures(prepare(file), rulebook, matcher)]


def faults_of_tests(path: Path | None, rulebook: Rulebook, matcher: RuleMatcher | None = None) -> list[Fault]:
    """What keeps a rulebook from being put in force: files of tests that can't be read, and tests that fail.

    `path` is the rulebook's file, None for the default rules. Files of tests lie beside it; without any, there is none.
    `matcher` is asked for the rules of this rulebook, the plain evaluator where it is None.
    """
    # The default rules have tests of their own, which lie beside them.
    file = path or DEFAULT_FILE
    try:
        tests = files_of_tests(file.parent, file)
    except OSError as error:
        return [Fault(str(file.parent), 1, 1, f"the tests can't be read: {error.strerror}", code=FindingCode.TEST_FILE)]
    return [fault for test in tests for fault in faults_of_file(test, rulebook, matcher)]


def faults_of_file(file: Path, rulebook: Rulebook | None, matcher: RuleMatcher | None = None) -> list[Fault]:
    """What is wrong with one file of tests, or, where nothing is, which of them fail (None: it is not asked)."""
    try:
        tests = prepare(file)
    except FaultyFileError as error:
        return error.faults
    if rulebook is None:
        return []
    return [
        Fault(one.file, one.line, one.column, f"{one.test}: {'; '.join(one.differences)}", code=FindingCode.FAILED_TEST)
        for one in _failures(tests, rulebook, matcher)
    ]


def _failures(tests: Sequence[Prepared], rulebook: Rulebook, matcher: RuleMatcher | None) -> list[Failure]:
    return [failure(result) for result in run(tests, rulebook, matcher) if result.differences]


def run(tests: Sequence[Prepared], rulebook: Rulebook, matcher: RuleMatcher | None = None) -> list[Result]:
    """Run tests, in their order."""
    return [_run(test, rulebook, matcher) for test in tests]


def failure(result: Result) -> Failure:
    """A result that has differences, as it is told."""
    test = result.test
    return Failure(test.file, test.line, test.column, test.name, result.differences)


def _run(test: Prepared, rulebook: Rulebook, matcher: RuleMatcher | None) -> Result:
    start = time.perf_counter()
    decision = decide(test.event, test.around.directory, rulebook, test.now, matcher)
    found = differences(test, decision, rulebook)
    return Result(test, decision, found, time.perf_counter() - start)
