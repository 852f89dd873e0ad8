"""Files of rule tests as typed data, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.files.slips import slips_in
from adapters.shape import shaped
from adapters.yaml_files.faults import FaultyFileError
from adapters.yaml_files.source import Source
from schemas.finding import FindingCode
from schemas.problem import Path as ValuePath
from schemas.problem import Problem
from schemas.rule_test import RECORD_LISTS, TICKET_FIELDS, Given, RuleTest, RuleTestFile, record_fields
from schemas.suggestion import closest

ENDINGS: Final = (".test.yaml", ".test.yml")
_RULE_FILES: Final = (".yaml", ".yml")


class TestFile(Struct, frozen=True):
    """A file of tests. `source` knows where each value stands."""

    __test__ = False  # pytest, this is no test of ours

    path: Path
    source: Source
    given: Given
    tests: list[RuleTest]


def files_of_tests(folder: Path, rules: Path | None = None) -> list[Path]:
    """The files of tests in a folder, in the order of their names; of one rule file, where it is given.

    `NAME.test.yaml` is for `NAME.yaml` beside it; without such a file, it is for every rule file there.
    """
    return [file for file in _files(folder) if rules is None or _is_for(file, rules.name)]


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        if file.name.endswith(ENDINGS) and not file.name.startswith(".") and file.is_file():
            yield file


def _is_for(file: Path, rules: str) -> bool:
    stem = next(file.name.removesuffix(ending) for ending in ENDINGS if file.name.endswith(ending))
    # A file of tests without a rule file of its name is for all rule files of the folder.
    owners = [stem + ending for ending in _RULE_FILES if file.with_name(stem + ending).exists()]
    return rules in owners or not owners


def read_test_file(path: Path) -> TestFile:
    """Read a file. Raises FaultyFileError with every fault of its shape."""
    source = Source.of_file(path)
    whole = source.content
    if not isinstance(whole, dict):
        advice = "start it with `tests:`, then `- test: NAME`"
        fault = Problem((), "a file of rule tests is a mapping, with `tests:`", suggestion=advice)
        raise FaultyFileError([source.fault(fault)])
    file, found = shaped(whole, RuleTestFile, ())
    problems = [_in_plain_words(problem) for problem in found]
    if file is not None:
        problems += _unknown_fields(file)
        problems += _same_names(file.tests)
    if problems or file is None:
        faults = [source.fault(problem) for problem in problems]
        raise FaultyFileError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    return TestFile(path, source, file.given or Given(), file.tests)


def _unknown_fields(file: RuleTestFile) -> Iterator[Problem]:
    yield from _unknown_in_given(file.given, ("given",))
    for index, test in enumerate(file.tests):
        path = ("tests", index)
        yield from _unknown_in_given(test.given, (*path, "given"))
        yield from _unknown(test.ticket, TICKET_FIELDS, (*path, "ticket"), "a ticket")
        if isinstance(test.previous, dict):
            yield from _unknown(test.previous, TICKET_FIELDS, (*path, "previous"), "a ticket")


def _unknown_in_given(given: Given | None, path: ValuePath) -> Iterator[Problem]:
    if given is None:
        return
    for key, kind in RECORD_LISTS.items():
        for record_id, fields in getattr(given, key).items():
            yield from _unknown(fields or {}, record_fields(kind), (*path, key, record_id), f"a {kind}")
            yield from _slips({**(fields or {}), "kind": kind, "id": record_id}, (*path, key, record_id))
    yield from _unknown(given.ticket, TICKET_FIELDS, (*path, "ticket"), "a ticket")


def _slips(record: Mapping[str, Any], path: ValuePath) -> Iterator[Problem]:
    """What a directory's file would be told of this record: of its own keys, `_unknown` tells."""
    for slip in slips_in(record):
        if not slip.is_key:
            yield Problem((*path, *slip.path), str(slip.refusal))
        elif len(slip.path) > 1:
            yield Problem((*path, *slip.path), str(slip.refusal), None, FindingCode.UNKNOWN_KEY, at_key=True)


def _unknown(fields: Mapping[str, Any], known: frozenset[str], path: ValuePath, what: str) -> Iterator[Problem]:
    for name in fields:
        if name not in known:
            meant = closest(name, known) or f"the fields are {', '.join(sorted(known))}"
            message = f"{what} has no field `{name}`"
            yield Problem((*path, name), message, None, FindingCode.UNKNOWN_KEY, meant, at_key=True)


def _same_names(tests: list[RuleTest]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, test in enumerate(tests):
        if test.test in seen:
            yield Problem(("tests", index, "test"), f"there is another test `{test.test}` before: rename this one")
        seen.add(test.test)


def _in_plain_words(problem: Problem) -> Problem:
    if problem.path[-1:] not in (("who",), ("actor",)) or problem.code is not FindingCode.WRONG_VALUE:
        return problem
    return msgspec.structs.replace(problem, suggestion="write a person as `contact/ID` or `collaborator/ID`")
