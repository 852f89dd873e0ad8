"""The schema of directory files, for editors: one record or a list of records, as people write them."""

from __future__ import annotations

from typing import Any, Final

from schemas.directory import RECORD_KINDS
from schemas.written import OWN_KEY

_OWN: Final = {f"^{OWN_KEY}": {"description": "A key of your own, for yourself: it is passed over."}}
_RECORD: Final = {"$ref": "#/$defs/Record"}


def with_lists(schema: dict[str, Any]) -> dict[str, Any]:
    """Turn the schema of one record into that of a YAML file with a list, of a YAML document, and of a line of JSON.

    Each kind has an `if` and a `then`, so that an editor names what is wrong in a record. With `anyOf` it would only
    say that the record is none of eight kinds.
    """
    parts = {name: _with_own_keys(part) for name, part in schema["$defs"].items()}
    kinds = {part["properties"]["kind"]["enum"][0]: name for name, part in parts.items() if _is_record(part)}
    for name in kinds.values():
        parts[name]["properties"]["kind"] |= {"description": "What the record is about."}
    record = {
        "type": "object",
        "required": ["kind", "id"],
        "properties": {"kind": {"description": "What the record is about.", "enum": list(RECORD_KINDS)}},
        "allOf": [_of_kind(kind, kinds[kind]) for kind in RECORD_KINDS],
    }
    whole = {"if": {"type": "array"}, "then": {"type": "array", "items": _RECORD}, "else": _RECORD}
    return {**whole, "$defs": {**parts, "Record": record}}


def _is_record(part: dict[str, Any]) -> bool:
    return "kind" in part.get("properties", {})


def _with_own_keys(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "patternProperties": _OWN} if part.get("additionalProperties") is False else part


def _of_kind(kind: str, name: str) -> dict[str, Any]:
    asked = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind}}}
    return {"if": asked, "then": {"$ref": f"#/$defs/{name}"}}
