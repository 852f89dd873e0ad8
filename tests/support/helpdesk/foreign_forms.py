"""Directory records as others write them: made by hand, beside those of tests/wire that Debezium and Connect made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

Row = dict[str, Any]

CONTRACT: Row = {
    "kind": "contract",
    "id": "C-7",
    "type": "commitment",
    "valid_from": "2026-01-01",
    "alerts_enabled": True,
    "recipients": {"product": {"contacts": True, "collaborators": False}},
    "products": ["P-erp"],
}
"""A record in our own form."""
Form = Callable[[Row], bytes]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOURCE = {"connector": "postgresql", "db": "desk", "table": "records", "ts_ms": 1_767_225_600_000}


def as_json(whole: Any) -> bytes:
    return json.dumps(whole, ensure_ascii=False).encode()


def change(operation: str, before: Row | None, after: Row | None, **more: Any) -> dict[str, Any]:
    """Debezium's envelope."""
    return {"before": before, "after": after, "source": SOURCE, "op": operation, "ts_ms": 1_767_225_601_000, **more}


def flattened(row: Row, deleted: bool = False) -> Row:
    """As ExtractNewRecordState writes it, with the marks of delete.tombstone.handling.mode=rewrite."""
    return row | {"__deleted": str(deleted).lower(), "__op": "d" if deleted else "u", "__source_ts_ms": 1}


def with_schema(payload: Any, schema: Any = None) -> dict[str, Any]:
    """As Connect's JSON converter writes it, with schemas.enable."""
    return {"schema": schema, "payload": payload}


def by_registry(raw: bytes) -> bytes:
    """As the JSON Schema serializer of Schema Registry writes it."""
    return b"\0\0\0\1\7" + raw


def struct(columns: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "struct", "fields": [{"field": name, **one} for name, one in columns.items()], **more}


FORMS: dict[str, Form] = {
    "plain": as_json,
    "schema registry": lambda row: by_registry(as_json(row)),
    "connect with a schema": lambda row: as_json(with_schema(row, struct({}))),
    "connect without its schema": lambda row: as_json(with_schema(row)),
    "debezium created": lambda row: as_json(change("c", None, row)),
    "debezium updated": lambda row: as_json(change("u", {"id": row["id"]}, row)),
    "debezium snapshot": lambda row: as_json(change("r", None, row)),
    "debezium, the kind beside the row": lambda row: as_json(
        change("u", None, {name: value for name, value in row.items() if name != "kind"}, kind=row["kind"])
    ),
    "debezium with a schema": lambda row: as_json(with_schema(change("c", None, row), struct({"after": struct({})}))),
    "debezium by schema registry": lambda row: by_registry(as_json(change("c", None, row))),
    "flattened": lambda row: as_json(flattened(row)),
    "flattened with a schema": lambda row: as_json(with_schema(flattened(row), struct({}))),
}

REMOVALS: dict[str, Form] = {
    "debezium": lambda row: as_json(change("d", row, None)),
    "debezium with a schema": lambda row: as_json(with_schema(change("d", row, None), struct({}))),
    "debezium without the row": lambda _row: as_json(change("d", None, None)),
    "flattened": lambda row: as_json(flattened(row, deleted=True)),
    "flattened, the operation alone": lambda row: as_json(row | {"__op": "d"}),
    "flattened by schema registry": lambda row: by_registry(as_json(flattened(row, deleted=True))),
    "json's null": lambda _row: b"null",
    "connect's null": lambda _row: as_json(with_schema(None, struct({}))),
}


def days(day: date) -> int:
    return day.toordinal() - EPOCH.toordinal()


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH).days * 86_400_000 + (moment - EPOCH).seconds * 1_000


DAY = {"type": "int32", "name": "io.debezium.time.Date", "version": 1}
"""How Debezium declares a date."""
MILLIS = {"type": "int64", "name": "io.debezium.time.Timestamp", "version": 1}
MICROS = {"type": "int64", "name": "io.debezium.time.MicroTimestamp", "version": 1}
NANOS = {"type": "int64", "name": "io.debezium.time.NanoTimestamp", "version": 1}
DECIMAL = {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "version": 1}


def as_columns(row: Row) -> Row:
    """The row of a table in MySQL: 0 and 1, days, JSON as text."""
    return {name: _as_column(name, value) for name, value in row.items()}


def _as_column(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if name in ("valid_from", "valid_to") and value is not None:
        return days(date.fromisoformat(value))
    # `since` may hold anything in our own form: there a number stays one.
    if name == "until" and value is not None:
        return milliseconds(datetime.fromisoformat(value))
    return value
