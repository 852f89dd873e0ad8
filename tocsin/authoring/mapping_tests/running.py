"""Mapping tests run: each post through the mapping itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.contract_lookup import DirectoryContracts
from adapters.mapping_files.folder import own_tests
from adapters.mapping_files.load import read_mapping_file
from adapters.yaml_files.faults import Fault, FaultyFileError
from intake.mappings.kinds import as_json
from intake.mappings.mapping import Mapped, apply
from intake.mappings.mapping import Mapping as TicketMapping
from intake.observation import Ignored
from schemas.finding import FindingCode
from schemas.mapping_test import ExpectedEvent
from schemas.refusal import RefusedError
from tocsin.authoring.mapping_tests.reading import Prepared, prepare

_PLAIN: Final = ("moment", "delivery", "triggers", "origin", "notify")


class Checked(Struct, frozen=True):
    """What is wrong with a mapping file and its tests, the mapping if it can be built, and how many tests were run."""

    faults: list[Fault]
    mapping: TicketMapping | None = None
    tests: int = 0


def check_mapping(file: Path) -> Checked:
    """Everything that is wrong with a mapping file, and with the tests beside it; also those that fail."""
    reading = read_mapping_file(file)
    beside = own_tests(file)
    if beside is None:
        return Checked(reading.faults, reading.mapping)
    try:
        tests = prepare(beside)
    except FaultyFileError as error:
        return Checked([*reading.faults, *error.faults], reading.mapping)
    if reading.mapping is None:
        return Checked(reading.faults)
    failed = [fault for test in tests for fault in _failures(reading.mapping, test)]
    return Checked(failed, reading.mapping, len(tests))


def _failures(mapping: TicketMapping, test: Prepared) -> Iterator[Fault]:
    found = differences(mapping, test)
    if found:
        message = f"{test.name}: {'; '.join(found)}"
        yield Fault(test.file, test.line, test.column, message, code=FindingCode.FAILED_TEST)


def differences(mapping: TicketMapping, test: Prepared) -> list[str]:
    """What a test expects and the mapping does not do, each as a person reads it."""
    try:
        result = apply(mapping, test.post, DirectoryContracts(lambda: test.directory))
    except RefusedError as error:
        if test.expect.refused is None:
            return [f"the post was refused: {error.shown()}"]
        return list(_of_lists("refused", test.expect.refused, [refusal.field for refusal in error.refusals]))
    if test.expect.refused is not None:
        return ["the post was to be refused, and was taken"]
    if isinstance(result, Ignored):
        return [] if test.expect.ignored else [f"the post was ignored: {result.because}"]
    if test.expect.ignored:
        return ["the post was to be ignored, and was taken"]
    return list(_of_event(test.expect, result))


def _of_event(expect: ExpectedEvent, result: Mapped) -> Iterator[str]:
    seen = result.observation
    if expect.ticket is not None:
        yield from _of_fields("ticket", expect.ticket, seen.ticket)
    yield from _of_before(expect, seen.before)
    if expect.time is not None and msgspec.convert(expect.time, type(seen.time)) != seen.time:
        yield f"time is {as_json(seen.time)}, expected {expect.time}"
    for name in _PLAIN:
        wanted, found = getattr(expect, name), getattr(seen, name)
        if wanted is not None and wanted != (list(found) if isinstance(found, tuple) else found):
            yield f"{name} is {_shown(found)}, expected {_shown(wanted)}"
    if expect.actor is not None:
        yield from _of_fields("actor", msgspec.to_builtins(expect.actor), msgspec.to_builtins(seen.actor))
    if expect.warnings is not None:
        yield from _of_lists("warnings", expect.warnings, [warning.field for warning in result.warnings])


def _of_before(expect: ExpectedEvent, before: Mapping[str, Any] | None) -> Iterator[str]:
    if expect.before is None:
        return
    if expect.before == "unknown":
        if before is not None:
            yield f"before is {_shown(before)}, expected that the post does not tell it"
    elif before is None:
        yield f"the post does not tell what was before, expected {_shown(expect.before)}"
    else:
        yield from _of_fields("before", expect.before, before)


def _of_fields(name: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for field in dict.fromkeys((*expected, *found)):
        if field not in found:
            yield f"{name}.{field} is not said, expected {_shown(expected[field])}"
        elif field not in expected:
            yield f"{name}.{field} is {_shown(found[field])}, expected nothing"
        elif msgspec.to_builtins(found[field]) != expected[field]:
            yield f"{name}.{field} is {_shown(found[field])}, expected {_shown(expected[field])}"


def _of_lists(name: str, expected: list[str], found: list[str]) -> Iterator[str]:
    if sorted(expected) != sorted(found):
        yield f"{name}: {', '.join(found) or 'none'}; expected {', '.join(expected) or 'none'}"


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
