"""Directory records as connectors of databases write them, read where they can mean one thing only."""

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
}
"""What fields hold whose types are open, so that a fault in them costs no more than that."""


_EXPECTED: Final[Mapping[str, Mapping[str, inspect.Type]]] = {
    str(found.tag): {one.encode_name: _FREE.get(one.encode_name, one.type) for one in found.fields}
    for found in inspect.multi_type_info(RECORD_TYPES.values())
    if isinstance(found, inspect.StructType)
}


class Claim(Struct, frozen=True):
    """The kind that a record says it is of, None where it says none of ours; and whether it was removed."""

    kind: str | None
    is_removed: bool


def read_any_record(raw: bytes, kind: str) -> Record | None:
    """Read one directory record of this kind in any of the forms; None: it says that the record was removed.

    One in our own form is read as it is. Raises RefusedError.
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
        raise (error if refused is None or error.code == FOREIGN_FORM else refused) from None
    if row.is_removed:
        return None
    named = row.fields if row.fields.get("kind") is not None else row.fields | {"kind": kind}
    data = fields_as_expected(named, _EXPECTED.get(str(named["kind"]), {}), row.columns)
    if refused is not None and not row.was_wrapped and msgspec.json.encode(data) == msgspec.json.encode(row.fields):
        # In our own form, and wrong: the reader of that knows more about it.
        raise refused
    return record_from_data(data)


def claim_of(raw: bytes) -> Claim:
    """What a record in whichever form says of its kind. Raises RefusedError."""
    row = row_of(raw, MAX_RECORD_BYTES)
    kind = row.fields.get("kind")
    return Claim(kind if isinstance(kind, str) and kind in RECORD_KINDS else None, row.is_removed)


def fields_in(raw: bytes) -> object:
    """What can be seen in a record that can't be read: its fields, in whichever form; the bytes where none can."""
    try:
        return row_of(raw, MAX_RECORD_BYTES).fields
    except RefusedError:
        return raw


def _is_marked(raw: bytes) -> bool:
    """Whether another's marks may stand in what could be read as our own form: fields that Debezium adds to a row."""
    return b'"__' in raw or is_marked_by_registry(raw)
