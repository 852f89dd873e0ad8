"""Tests made ready to run: each with its directory and its event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from adapters.yaml_files.faults import Fault, FaultyFileError
from schemas.event import Event
from schemas.finding import FindingCode
from schemas.problem import Path as ValuePath
from schemas.problem import Problem
from schemas.rule_test import Expectation, Given, RuleTest
from schemas.suggestion import nearest
from schemas.vocabulary import PersonKind, Reason
from tocsin.authoring.rule_tests.given_directory import GivenDirectories, GivenDirectory
from tocsin.authoring.rule_tests.reading import TestFile, read_test_file
from tocsin.authoring.rule_tests.saves import save

EVENT_REASONS: Final = frozenset(reason for reason in Reason if reason.depth < Reason.CATEGORY_OFF.depth)
"""Reasons about an event as a whole."""


class Prepared(Struct, frozen=True):
    """A test that can be run. `line` and `column` (from 1) say where it stands in `file`."""

    file: str
    line: int
    column: int
    name: str
    event: Event
    now: datetime
    around: GivenDirectory
    expect: Expectation


def prepare(path: Path) -> list[Prepared]:
    """The tests of a file. Raises FaultyFileError with everything that is wrong with them."""
    file = read_test_file(path)
    directories = GivenDirectories(path.parent)
    problems: list[Problem] = []
    ready = [_prepared(file, index, test, directories, problems) for index, test in enumerate(file.tests)]
    if problems:
        # What is given for all tests is wrong in each of them.
        faults: dict[Fault, None] = dict.fromkeys(file.source.fault(_of_test(problem)) for problem in problems)
        raise FaultyFileError([*faults])
    return [one for one in ready if one is not None]


def _of_test(problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, code=FindingCode.TEST_FILE)


def _prepared(
    file: TestFile, index: int, test: RuleTest, directories: GivenDirectories, problems: list[Problem]
) -> Prepared | None:
    path: ValuePath = ("tests", index)
    givens: list[tuple[Given, ValuePath]] = [(file.given, ("given",))]
    if test.given is not None:
        givens.append((test.given, (*path, "given")))
    around = directories.build(givens, problems)
    saved = save(test, file.given, around, path, problems)
    problems += _expectation_problems(test.expect, around, (*path, "expect"))
    if saved is None:
        return None
    event, now = saved
    place = file.source.fault(Problem((*path, "test"), ""))
    return Prepared(str(file.path), place.line, place.column, test.test, event, now, around, test.expect)


def _expectation_problems(expect: Expectation, around: GivenDirectory, path: ValuePath) -> Iterator[Problem]:
    if expect.nobody is not None and (expect.alerted or expect.not_alerted):
        message = "where the event alerts nobody at all, no person has a reason: leave `alerted` and `not_alerted` out"
        yield Problem((*path, "nobody"), message)
    for index, alert in enumerate(expect.alerted):
        yield from _unknown_person(alert.who, around, (*path, "alerted", index, "who"))
    for index, silence in enumerate(expect.not_alerted):
        place = (*path, "not_alerted", index)
        if silence.reason in EVENT_REASONS:
            message = f"`{silence.reason}` is about the event as a whole: write `nobody: {silence.reason}` in its place"
            yield Problem((*place, "reason"), message)
        # A test about a person who is unknown names one who is not there.
        if silence.who is not None and silence.reason is not Reason.UNKNOWN_PERSON:
            yield from _unknown_person(silence.who, around, (*place, "who"))
        elif silence.who is None and (silence.reason is None or silence.category is None):
            yield Problem(place, "name a person with `who`, or a `category` and `reason`")


def _unknown_person(who: str, around: GivenDirectory, place: ValuePath) -> Iterator[Problem]:
    kind, _, person = who.partition("/")
    if around.directory.person(PersonKind(kind), person) is None:
        known = {f"{one}/{record}" for one, record in around.records if one in tuple(PersonKind)}
        yield Problem(place, f"the test's directory has no {who}{nearest(who, known)}")
