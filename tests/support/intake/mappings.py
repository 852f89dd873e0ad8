"""Mappings made of text, and posts to apply them to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.contract_lookup import DirectoryContracts
from adapters.shape import shaped
from adapters.yaml_files.faults import Fault
from adapters.yaml_files.source import Source
from engine.directory.directory import Directory
from intake.mappings.build import build
from intake.mappings.mapping import Mapped, apply
from intake.mappings.mapping import Mapping as TicketMapping
from intake.observation import Ignored
from intake.post import Post
from schemas.directory import ContractRecord
from schemas.mapping_file import MappingFile

RECEIVED = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def faults(text: str) -> list[Fault]:
    """All that is wrong with a mapping file of this text."""
    source = Source("desk.yaml", text)
    file, problems = shaped(source.content, MappingFile, ())
    if file is not None:
        problems = [*problems, *build("desk", file).problems]
    return [source.fault(problem) for problem in problems]


def mapping(text: str) -> TicketMapping:
    """The mapping of this text, which must have no fault."""
    assert faults(text) == []
    file, _ = shaped(Source("desk.yaml", text).content, MappingFile, ())
    assert file is not None
    built = build("desk", file).mapping
    assert built is not None
    return built


def contracts(**records: dict[str, Any]) -> Directory:
    """A directory with these contracts, by id."""
    directory = Directory()
    for name, fields in records.items():
        record = {"kind": "contract", "type": "commitment", **fields, "id": name}
        directory.apply(msgspec.convert(record, ContractRecord))
    return directory


def applied(
    to: TicketMapping | str,
    payload: Any,
    headers: Mapping[str, str] | None = None,
    directory: Directory | None = None,
) -> Mapped | Ignored:
    """What a mapping makes of a payload, or of bytes."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    around = Directory() if directory is None else directory
    post = Post(body, headers or {}, RECEIVED)
    return apply(mapping(to) if isinstance(to, str) else to, post, DirectoryContracts(lambda: around))


def ticket(to: TicketMapping | str, payload: Any, directory: Directory | None = None) -> dict[str, Any]:
    """The ticket that it makes of a payload."""
    result = applied(to, payload, directory=directory)
    assert isinstance(result, Mapped)
    return dict(result.observation.ticket)
