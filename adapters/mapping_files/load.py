"""Loads a mapping file: gives the mapping, or all faults of the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from adapters.shape import shaped
from adapters.yaml_files.faults import Fault, FaultyFileError
from adapters.yaml_files.source import Source
from intake.mappings.build import build
from intake.mappings.mapping import Mapping
from schemas.mapping_file import MappingFile
from schemas.problem import Problem

ENDINGS: Final = (".yaml", ".yml")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


class Reading(Struct, frozen=True):
    """The result of reading a mapping file: all its faults, or a mapping."""

    faults: list[Fault]
    mapping: Mapping | None = None


def load_mapping(path: Path) -> Mapping:
    """The mapping of a file, whose name is the file's without its ending. Raises FaultyFileError with every fault."""
    reading = read_mapping_file(path)
    if reading.mapping is None:
        raise FaultyFileError(reading.faults)
    return reading.mapping


def read_mapping_file(path: Path) -> Reading:
    """As `load_mapping`, but returns the faults."""
    if (fault := _fault_of_name(path)) is not None:
        return Reading([fault])
    try:
        source = Source.of_file(path)
    except FaultyFileError as error:
        return Reading(error.faults)
    file, problems = _content(source.content)
    built = None if file is None else build(path.name.removesuffix(path.suffix), file)
    if built is not None:
        problems = [*problems, *built.problems]
    if problems or built is None:
        # An alias may bring the same fault to several places.
        faults = dict.fromkeys(source.fault(problem) for problem in problems)
        return Reading(sorted(faults, key=lambda one: (one.line, one.column)))
    return Reading([], built.mapping)


def _fault_of_name(path: Path) -> Fault | None:
    """What is wrong with the file's name: the mapping's name is a part of an address, and no other file may have it."""
    stem = path.name.removesuffix(path.suffix)
    if not _NAME.fullmatch(stem):
        advice = "name it by letters (a to z), digits, - and _"
        return Fault(str(path), 1, 1, "this file's name can't be the name of a hook", suggestion=advice)
    twin = next((other for other in map(path.with_suffix, ENDINGS) if other != path and other.is_file()), None)
    if twin is not None:
        return Fault(str(path), 1, 1, f"{twin.name} beside it has the same name", suggestion="keep one of them")
    return None


def _content(whole: Any) -> tuple[MappingFile | None, list[Problem]]:
    if isinstance(whole, dict):
        return shaped(whole, MappingFile, ())
    advice = "start it with `ticket:`, then its fields"
    return None, [Problem((), "a mapping file is a mapping, with `ticket:`", suggestion=advice)]
