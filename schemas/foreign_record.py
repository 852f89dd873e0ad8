"""Reads directory records as database connectors write them, where they can mean only one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct, inspect

from schemas.column_values import fields_as_expected
from schemas.connect_rows import FOREIGN_FORM, is_marked_by_registry, row_of
from schemas.directory import (
    MAX_RECORD_BYTES,
    RECORD_KINDS,
    RECORD_TYPES,
    ModeRecord,
    Record,
    read_record,
    record_from_data,
)
from schemas.refusal import RefusedError
from schemas.timestamps import Timestamp

_TEXTS: Final = inspect.type_info(list[str])
_FREE: Final = {
    "modes": inspect.type_info(list[ModeRecord]),
    "since": inspect.type_info(Timestamp),
    "groups": _TEXTS,
    "tags": _TEXTS,
    "languages": _TEXTS,
}
"""The types of fields that are declared as Any in a record, where a fault costs the field and not the record."""


_EXPECTED: Final[Mapping[str, Mapping[str, inspect.Type]]] = {
    str(found.tag): {one.encode_name: _FREE.get(one.encode_name, one.type) for one in found.fields}
    for found in inspect.multi_type_info(RECORD_TYPES.values())
    if isinstance(found, inspect.StructType)
}


class Claim(Struct, frozen=True):
    """The kind that a record names, None where that is none of ours; and whether the record was removed."""

    kind: str | None
    is_removed: bool


def read_any_record(raw: bytes, kind: str) -> Record | None:
    """Read one directory record of this kind in any form. None where it says that the record was removed.

    A record in our own form is read without any conversion. Raises RefusedError.
    """
    refused: RefusedError | None = None
    if not _is_marked(raw):
        try:
            return read_record(raw)
        except RefusedError as error:
            refused = error
    try:
        row = row_of(raw, MAX_RECORD_BYTES)
    except RefusedError as error:
        # A form of another tool explains the fault best; else our own reader does.
        raise (error if refused is None or error.code == FOREIGN_FORM else refused) from None
    if row.is_removed:
        return None
    named = row.fields if row.fields.get("kind") is not None else row.fields | {"kind": kind}
    data = fields_as_expected(named, _EXPECTED.get(str(named["kind"]), {}), row.columns)
    if refused is not None and not row.was_wrapped and msgspec.json.encode(data) == msgspec.json.encode(row.fields):
        # The record is in our own form, and wrong: the refusal by its own reader says more.
        raise refused
    return record_from_data(data)


def claim_of(raw: bytes) -> Claim:
    """What a record of any form says about its kind. Raises RefusedError."""
    row = row_of(raw, MAX_RECORD_BYTES)
    kind = row.fields.get("kind")
    return Claim(kind if isinstance(kind, str) and kind in RECORD_KINDS else None, row.is_removed)


def fields_in(raw: bytes) -> object:
    """The fields of a record that can't be read, in whichever form; its bytes where no field can be found."""
    try:
        return row_of(raw, MAX_RECORD_BYTES).fields
    except RefusedError:
        return raw


def _is_marked(raw: bytes) -> bool:
    """Whether another tool's marks may be in a record that our own reader would take."""
    # That reader passes over unknown fields, and so over `__deleted`, by which Debezium says that a row was removed.
    return b'"__' in raw or is_marked_by_registry(raw)
