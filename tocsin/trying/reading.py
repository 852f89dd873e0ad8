"""Files of rule tests as typed data, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from adapters.rule_files.faults import RuleFileError
from adapters.rule_files.shape import shape_problem
from adapters.rule_files.source import Source
from engine.rulebook.build import Path as ValuePath
from engine.rulebook.build import Problem
from engine.rulebook.fields import nearest
from schemas.rule_test import RECORD_LISTS, TICKET_FIELDS, Given, RuleTest, RuleTestFile, record_fields

ENDINGS: Final = (".test.yaml", ".test.yml")
_RULE_FILES: Final = (".yaml", ".yml")

Part = TypeVar("Part", bound=Struct)


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
    owners = [stem + ending for ending in _RULE_FILES if file.with_name(stem + ending).exists()]
    return rules in owners or not owners


def read_test_file(path: Path) -> TestFile:
    """Read a file. Raises RuleFileError with every fault of its shape."""
    source = Source.of_file(path)
    whole = source.content
    problems: list[Problem] = []
    if not isinstance(whole, dict) or not isinstance(whole.get("tests"), list) or not whole["tests"]:
        message = "a file of rule tests is a mapping with `tests:`, a list that starts each test with `- test: NAME`"
        raise RuleFileError([source.fault(Problem((), message))])
    _read({**whole, "tests": [_ANY_TEST], "given": None}, RuleTestFile, (), problems)
    given = _given(whole.get("given"), ("given",), problems)
    tests = [_test(one, ("tests", index), problems) for index, one in enumerate(whole["tests"])]
    problems += _same_names([one for one in tests if one is not None])
    if problems:
        raise RuleFileError([source.fault(problem) for problem in problems])
    return TestFile(path, source, given or Given(), [one for one in tests if one is not None])


_ANY_TEST: Final = {"test": "any", "expect": {}}


def _given(data: object, path: ValuePath, problems: list[Problem]) -> Given | None:
    given = None if data is None else _read(data, Given, path, problems)
    if given is not None:
        for key, kind in RECORD_LISTS.items():
            for record_id, fields in getattr(given, key).items():
                problems += _unknown(fields or {}, record_fields(kind), (*path, key, record_id), f"a {kind}")
        problems += _unknown(given.ticket, TICKET_FIELDS, (*path, "ticket"), "a ticket")
    return given


def _test(data: object, path: ValuePath, problems: list[Problem]) -> RuleTest | None:
    if not isinstance(data, dict):
        problems.append(Problem(path, "a test is a mapping: start it with `- test: NAME`"))
        return None
    found: list[Problem] = []
    # Read alone, so that its faults do not hide those of the rest.
    _given(data.get("given"), (*path, "given"), found)
    test = _read({**data, "given": None}, RuleTest, path, found)
    if test is not None:
        found += _unknown(test.ticket, TICKET_FIELDS, (*path, "ticket"), "a ticket")
        if isinstance(test.previous, dict):
            found += _unknown(test.previous, TICKET_FIELDS, (*path, "previous"), "a ticket")
    problems += found
    return None if found else msgspec.convert(data, RuleTest)


def _unknown(fields: Mapping[str, Any], known: frozenset[str], path: ValuePath, what: str) -> Iterator[Problem]:
    for name in fields:
        if name not in known:
            yield Problem((*path, name), f"{what} has no field `{name}`{nearest(name, set(known))}")


def _same_names(tests: list[RuleTest]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, test in enumerate(tests):
        if test.test in seen:
            yield Problem(("tests", index, "test"), f"there is another test `{test.test}` before: rename this one")
        seen.add(test.test)


def _in_plain_words(problem: Problem) -> Problem:
    is_person = "matching regex" in problem.message and problem.path[-1:] in (("who",), ("actor",))
    return Problem(problem.path, "write a person as `contact/ID` or `collaborator/ID`") if is_person else problem


def _read(data: object, kind: type[Part], path: ValuePath, problems: list[Problem]) -> Part | None:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        problems.append(_in_plain_words(shape_problem(str(error), data, kind, path)))
        return None
