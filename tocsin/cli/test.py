"""`tocsin test`: the tests beside a rule file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.rule_files.load import DEFAULT_FILE, load_rulebook
from adapters.yaml_files.faults import FaultyFileError
from tocsin.authoring.deciding import rule_engine
from tocsin.authoring.rule_tests.coverage import Exercised, coverage_of
from tocsin.authoring.rule_tests.junit import junit
from tocsin.authoring.rule_tests.preparing import Prepared, prepare
from tocsin.authoring.rule_tests.reading import files_of_tests
from tocsin.authoring.rule_tests.running import Result, failure, run
from tocsin.cli.console import FOUND_FAULTS, say, say_lines, stop, warn
from tocsin.cli.options import Form, add_command
from tocsin.config.settings.declared.processes import RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "test", run_tests, Form(RULES, is_argument=True))


def run_tests(
    settings: Settings,
    name: Annotated[
        str | None, typer.Option("-k", "--name", help="Only tests with this in their name, in any case.")
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Name the rules and gates that no test exercises.")
    ] = False,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write the results to this file as JUnit XML, for CI systems.")
    ] = None,
) -> None:
    """Run the tests beside a rule file: NAME.test.yaml is for NAME.yaml. Nothing is sent.

    Each test says what is given and who must hear of it; whoever gets a message that is not expected is a failure. The
    exit code is 1 if a test fails or a file of tests can't be read.

    A rule is exercised if it decided at least one expected message, and if in at least one test it held back; a gate if
    a test names its reason.
    """
    rules = settings[RULES]
    rulebook = load_rulebook(rules)
    tests = [one for one in _prepared(rules or DEFAULT_FILE) if name is None or name.lower() in one.name.lower()]
    if not tests:
        _no_tests(rules or DEFAULT_FILE, name)
    with rule_engine(rulebook) as matcher:
        results = run(tests, rulebook, matcher)
    if junit_file is not None:
        junit_file.write_bytes(junit(results))
    failed = [result for result in results if result.differences]
    for result in failed:
        say_lines(str(failure(result)))
    say(_summary(results, len(failed)))
    if coverage:
        for line in _coverage(coverage_of(rulebook, results)):
            say(line)
    raise typer.Exit(FOUND_FAULTS if failed else 0)


def _prepared(rules: Path) -> list[Prepared]:
    """The tests of every file, or all that is wrong with any of them."""
    tests: list[Prepared] = []
    faults = []
    for file in files_of_tests(rules.parent, rules):
        try:
            tests += prepare(file)
        except FaultyFileError as error:
            faults += error.faults
    if faults:
        raise FaultyFileError(faults)
    return tests


def _no_tests(rules: Path, name: str | None) -> None:
    if name is not None:
        stop(f"no test of {rules} has {name!r} in its name", FOUND_FAULTS)
    stem = rules.name.removesuffix(rules.suffix)
    warn(f"{rules} has no tests: write {rules.parent / stem}.test.yaml beside it (see docs/testing-rules.md)")


def _summary(results: Sequence[Result], failed: int) -> str:
    count = f"{len(results)} test{'' if len(results) == 1 else 's'}"
    return f"{count}: {'all passed' if not failed else f'{failed} failed'}" if results else "no tests"


def _coverage(found: Exercised) -> Iterator[str]:
    yield ""
    sent, held = found.rules - len(found.unsent), found.rules - len(found.unheld)
    yield f"Rules: {found.rules}; {sent} decided an expected message, {held} held back in a test"
    yield from (f"  {name}: no test expects a message of this rule" for name in found.unsent)
    yield from (f"  {name}: no test shows that this rule holds back" for name in found.unheld)
    yield f"Gates: {found.gates}; {found.gates - len(found.ungated)} are named as a reason in a test"
    yield from (f"  {gate}: no test names this reason" for gate in found.ungated)
    if found.impossible:
        yield f"Never closed by these rules and settings: {', '.join(map(str, found.impossible))}"
