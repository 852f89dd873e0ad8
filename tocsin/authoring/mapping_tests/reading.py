"""Files of mapping tests as typed data and posts, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.files.opening import read_bounded
from adapters.shape import shaped
from adapters.yaml_files.faults import FaultyFileError
from adapters.yaml_files.source import Source
from engine.directory.directory import Directory
from intake.mappings.paths import Path as JsonPath
from intake.mappings.paths import PathError
from intake.mappings.payload import MAX_POST_BYTES
from intake.post import Post
from schemas.directory import ContractRecord
from schemas.mapping_test import ExpectedEvent, MappingTest, MappingTestFile
from schemas.problem import Path as ValuePath
from schemas.problem import Problem

RECEIVED: Final = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
"""When the posts of tests come."""


class Prepared(Struct, frozen=True):
    """One test, ready to be run, and its place."""

    file: str
    line: int
    column: int
    name: str
    post: Post
    directory: Directory
    expect: ExpectedEvent


def prepare(path: Path) -> list[Prepared]:
    """The tests of a file. Raises FaultyFileError with every fault."""
    source = Source.of_file(path)
    file, problems = _content(source.content)
    reader = _Reader(path, problems)
    posts = [reader.post(index, test) for index, test in enumerate([] if file is None else file.tests)]
    if problems or file is None:
        faults = [source.fault(problem) for problem in problems]
        raise FaultyFileError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    return [
        Prepared(
            *_place(source, index), test.test, post, reader.directory(("tests", index), test.contracts), test.expect
        )
        for index, (test, post) in enumerate(zip(file.tests, posts, strict=True))
    ]


def _content(whole: Any) -> tuple[MappingTestFile | None, list[Problem]]:
    if isinstance(whole, dict):
        return shaped(whole, MappingTestFile, ())
    advice = "start it with `tests:`, then `- test: NAME`"
    return None, [Problem((), "a file of mapping tests is a mapping, with `tests:`", suggestion=advice)]


def _place(source: Source, index: int) -> tuple[str, int, int]:
    fault = source.fault(Problem(("tests", index, "test"), ""))
    return fault.file, fault.line, fault.column


class _Reader:
    """Makes posts of tests, and collects the problems."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._folder = path.parent
        self._problems = problems

    def post(self, index: int, test: MappingTest) -> Post:
        path: ValuePath = ("tests", index)
        if (test.payload is None) == (test.file is None):
            self._wrong(path, "a test has either `payload` or `file`")
        payload = test.payload if test.file is None else self._file((*path, "file"), test.file)
        for at, value in test.changed.items():
            self._change((*path, "changed", at), payload, at, value)
        return Post(msgspec.json.encode(payload), test.headers, RECEIVED)

    def directory(self, path: ValuePath, contracts: Mapping[str, dict[str, Any] | None]) -> Directory:
        """A directory with these contracts alone. Raises FaultyFileError."""
        directory = Directory()
        for contract_id, fields in contracts.items():
            record = {"kind": "contract", "type": "commitment", **(fields or {}), "id": contract_id}
            try:
                directory.apply(msgspec.convert(record, ContractRecord))
            except msgspec.ValidationError as error:
                self._wrong((*path, "contracts", contract_id), str(error))
        return directory

    def _file(self, path: ValuePath, name: str) -> Any:
        try:
            return msgspec.json.decode(read_bounded(self._folder / name, MAX_POST_BYTES, self._folder))
        except OSError as error:
            self._wrong(path, f"the file can't be read: {error.strerror}")
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            self._wrong(path, f"the file is not JSON: {error}")
        return None

    def _change(self, path: ValuePath, payload: Any, at: str, value: Any) -> None:
        try:
            steps = JsonPath(at).steps
        except PathError as error:
            self._problems.append(Problem(path, error.message, error.place, suggestion=error.suggestion))
            return
        if not steps:
            self._wrong(path, "a change is at a path of names and indexes")
            return
        try:
            for step in steps[:-1]:
                payload = payload[step]
            payload[steps[-1]] = value
        except (KeyError, IndexError, TypeError):
            self._wrong(path, "the payload has no such place")

    def _wrong(self, path: ValuePath, message: str) -> None:
        self._problems.append(Problem(path, message))
