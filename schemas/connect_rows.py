"""Unwraps rows of tables from records of Kafka Connect, Debezium and Schema Registry's serializers.

Connect's JSON converter writes a schema beside the payload. Debezium writes a change as the row before and the row
after it. Its transform ExtractNewRecordState flattens that to the row alone, and adds fields of its own, named `__…`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.reading import read_json
from schemas.refusal import Refusal, RefusedError

FOREIGN_FORM: Final = "foreign_form"
"""The code of a refusal that names the form in which another tool wrote the record."""

REGISTRY_MARK: Final = 0
_REGISTRY_BYTES: Final = 5
"""A mark of one byte, and the id of a schema in four bytes (wire format of Schema Registry)."""
_OWN_FIELDS: Final = "__"
"""The prefix of fields that Debezium adds to a flattened row."""
_LEFT_OUT: Final = "__debezium_unavailable_value"
_ANYTHING: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(Any)

_AFTER: Final = ("c", "u", "r")
"""Operations of Debezium after which there is a row: created, updated, read by a snapshot."""


class Row(Struct, frozen=True):
    """A row as plain data. If it was removed, `fields` are what is known of it.

    `columns` has the schemas of fields by their names, as far as the record declares them. `was_wrapped` says that the
    record was more than one JSON object with the fields of the row.
    """

    fields: dict[str, Any]
    is_removed: bool = False
    columns: Mapping[str, Mapping[str, Any]] = {}
    was_wrapped: bool = True


def row_of(raw: bytes, max_bytes: int) -> Row:
    """The row in a record's value.

    Raises RefusedError: FOREIGN_FORM for a form that can't be read, else as read_json.
    """
    whole, schema, was_wrapped = unwrapped(raw, max_bytes)
    if whole is None:
        return Row({}, is_removed=True)
    if not isinstance(whole, dict):
        raise RefusedError("invalid_field", Refusal("", "this is no JSON object: a record is one"))
    if _is_change(whole):
        return _of_change(whole, schema)
    row = {name: value for name, value in whole.items() if not name.startswith(_OWN_FIELDS)}
    is_removed = whole.get("__deleted") in (True, "true") or whole.get("__op") == "d"
    if not is_removed:
        _check_is_whole(row)
    return Row(row, is_removed, columns_of(schema), was_wrapped or len(row) < len(whole))


def unwrapped(raw: bytes, max_bytes: int) -> tuple[Any, Any, bool]:
    """The JSON of a record, without the mark of a schema registry and without Connect's schema around it.

    Returns the payload, its schema (None without one), and whether it was wrapped. Raises RefusedError.
    """
    marked = is_marked_by_registry(raw)
    try:
        whole = read_json(raw[_REGISTRY_BYTES:] if marked else raw, _ANYTHING, max_bytes)
    except RefusedError:
        if marked:
            raise RefusedError(FOREIGN_FORM, Refusal("", NO_JSON_BY_REGISTRY)) from None
        raise
    if is_with_schema(whole):
        return whole["payload"], whole["schema"], True
    return whole, None, marked


NO_JSON_BY_REGISTRY: Final = (
    "this was written by a serializer of Schema Registry (a byte 0 and a schema's id) and is not JSON behind that, but "
    "Avro or Protobuf: set the connector's value.converter (and key.converter) to "
    "org.apache.kafka.connect.json.JsonConverter"
)


def is_marked_by_registry(raw: bytes) -> bool:
    """Whether it begins with the mark of Schema Registry's serializers, a byte 0. No JSON begins with that."""
    return raw[:1] == bytes([REGISTRY_MARK])


def is_with_schema(whole: Any) -> bool:
    """Whether it is Connect's JSON with its schema beside it."""
    return isinstance(whole, dict) and whole.keys() == {"schema", "payload"}


def named_form(raw: bytes, max_bytes: int) -> str | None:
    """The name of a record's form, where Schema Registry, Connect or Debezium wrote it; None for anything else."""
    if is_marked_by_registry(raw):
        return "a record of a serializer of Schema Registry (a byte 0 and a schema's id)"
    try:
        whole = read_json(raw, _ANYTHING, max_bytes)
    except RefusedError:
        return None
    if is_with_schema(whole):
        return "Kafka Connect's JSON with its schema (set value.converter.schemas.enable to false)"
    return "a change of a row, as Debezium tells of it" if isinstance(whole, dict) and _is_change(whole) else None


def columns_of(schema: Any, *path: str) -> dict[str, Mapping[str, Any]]:
    """The schemas of a struct's fields by their names. `path` names fields that lead to a struct within it."""
    # A schema comes from outside, so any part of it may be of another type.
    fields = schema.get("fields") if isinstance(schema, Mapping) else None
    found = {
        one["field"]: one
        for one in (fields if isinstance(fields, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("field"), str)
    }
    return columns_of(found.get(path[0]), *path[1:]) if path else found


def _is_change(whole: Mapping[str, Any]) -> bool:
    # A directory record may have unknown fields of these names, but it has an id. Debezium's change has none.
    return "op" in whole and ("after" in whole or "before" in whole) and "id" not in whole


def _of_change(whole: Mapping[str, Any], schema: Any) -> Row:
    operation = whole["op"]
    is_removed = operation == "d"
    if operation == "t":
        raise _foreign("op", "the table was emptied (op t): let each record be removed by a record of its own")
    if not is_removed and operation not in _AFTER:
        raise _foreign("op", "this is a message of Debezium about no row: only the operations c, u, r and d are read")
    side = "before" if is_removed else "after"
    found = whole.get(side)
    if not is_removed and not isinstance(found, dict):
        raise _foreign("after", "Debezium's change has no row after it")
    row = dict(found) if isinstance(found, dict) else {}
    # A transform of Connect that adds a field to each record adds `kind` beside the row, not in it.
    if row.get("kind") is None and isinstance(whole.get("kind"), str):
        row["kind"] = whole["kind"]
    if not is_removed:
        _check_is_whole(row)
    return Row(row, is_removed, columns_of(schema, side))


def _check_is_whole(row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if value == _LEFT_OUT:
            reason = "Debezium left out a large value that did not change: set the table's REPLICA IDENTITY to FULL"
            raise _foreign(name, reason)


def _foreign(field: str, reason: str) -> RefusedError:
    return RefusedError(FOREIGN_FORM, Refusal(field, reason))
