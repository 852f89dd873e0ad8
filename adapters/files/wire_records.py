"""Reads directory files into records for the wire, instead of into a directory in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from adapters.files.directory_folder import Places, read_into
from adapters.files.directory_problems import DirectoryProblem, ProblemCode
from engine.directory import compact
from schemas.directory import CollaboratorRecord, ContactRecord, CustomerRecord, Record, SuppressionRecord, record_kind
from schemas.refusal import Refusal


class WireRecords(Struct, frozen=True):
    """The last record of each kind and id in a folder, the problems, and the places (see LoadedDirectory)."""

    records: list[Record]
    problems: list[DirectoryProblem]
    problem_counts: Mapping[ProblemCode, int]
    places: Places = {}


def wire_records(path: Path, with_places: bool = False) -> WireRecords:
    """Read a folder, or one file. Raises OSError if `path` itself can't be opened."""
    kept = _Kept()
    places: Places | None = {} if with_places else None
    loading = read_into(kept, path, places)
    return WireRecords(list(kept.records.values()), loading.log.kept, dict(loading.log.counts), places or {})


class _Kept:
    """A sink that keeps records with all their known fields. Unknown fields are left out."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Record] = {}

    def knows(self, kind: str, record_id: str) -> bool:
        return (kind, record_id) in self.records

    def apply(self, record: Record) -> list[Refusal]:
        self.records[record_kind(record), record.id] = record
        # Keep the record whole, and report parts of it that can't be used. A reader of the topic reports them again.
        if isinstance(record, ContactRecord | CollaboratorRecord):
            return compact.person(record)[1]
        return compact.customer(record)[1] if isinstance(record, CustomerRecord) else []

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:  # noqa: ARG002
        self.records.pop((kind, record_id), None)
