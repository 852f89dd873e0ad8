"""The conditions of a ticket event's JSON Schema that types can't express (draft 2020-12, section 10.2.2).

`schemas.event.read_event` has the same conditions and does not use the schema. A test compares the two.
"""

from __future__ import annotations

from typing import Any, Final

from schemas.description import INVISIBLE
from schemas.vocabulary import Trigger

_TICKET_NEEDS: Final[dict[Trigger, dict[str, Any]]] = {
    Trigger.CLOSED: {"closed_for_customer": {"const": True}},
    Trigger.RESOLVED: {"resolution_marked": {"const": True}},
    Trigger.OPENED: {
        "external_description": {"type": "string", "pattern": f"[^{INVISIBLE}]"},
        "contract": {"type": "string", "minLength": 1},
    },
}
"""What the ticket must be like where the platform itself declares the trigger."""


_BEFORE: Final[dict[str, Any]] = {"type": "object", "required": ["previous"], "properties": {"previous": {}}}
_PREVIOUS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["previous"],
    "properties": {"previous": {"type": "object"}},
}
_TRIGGERS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["triggers"],
    "properties": {"triggers": {"type": "array"}},
}
"""The two ways to say what happened. Where one is given, null for the other counts as absent."""


_AS_JSON: Final[dict[str, Any]] = {"type": "object", "required": ["data"], "properties": {"data": {}}}
_IN_BYTES: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data_base64"],
    "properties": {"data_base64": {"type": "string"}},
}
"""Data in base64; null counts as absent. A schema can't look into it, so only the reader says what is wrong there."""


def with_conditions(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of TicketCloudEvent, in which the members of an event have to agree with each other."""
    kinds = schema["$defs"]
    envelope, data = kinds["TicketCloudEvent"], kinds["TicketData"]
    # A pattern in a schema has no flag that ignores case.
    json_type = {"type": "string", "pattern": "^$|[jJ][sS][oO][nN]|[oO][cC][tT][eE][tT]-[sS][tT][rR][eE][aA][mM]"}
    media_type = {**envelope["properties"]["datacontenttype"], "anyOf": [json_type, {"type": "null"}]}
    kinds["TicketCloudEvent"] = {
        **envelope,
        "properties": {**envelope["properties"], "datacontenttype": media_type},
        "oneOf": [_AS_JSON, _IN_BYTES],
        "allOf": [_one_source_of_triggers(), *map(_type_agrees, _TICKET_NEEDS)],
    }
    kinds["TicketData"] = {**data, "allOf": [_not_both(), *map(_declaration_agrees, _TICKET_NEEDS)]}
    return schema


def _one_source_of_triggers() -> dict[str, Any]:
    told = [_BEFORE, _TRIGGERS]
    return {
        "$comment": "ticket.saved: either `previous` or `triggers`. The other types name their trigger themselves.",
        "if": _member("type", {"const": "ticket.saved"}),
        "then": _member("data", {"anyOf": told}),
        "else": _member("data", {"not": {"anyOf": [_PREVIOUS, _TRIGGERS]}}),
    }


def _not_both() -> dict[str, Any]:
    return {"$comment": "The triggers follow from `previous`.", "not": {"allOf": [_PREVIOUS, _TRIGGERS]}}


def _type_agrees(trigger: Trigger) -> dict[str, Any]:
    ticket = _member("ticket", {"type": "object", "properties": _TICKET_NEEDS[trigger]})
    return {"if": _member("type", {"const": f"ticket.{trigger}"}), "then": _member("data", ticket)}


def _declaration_agrees(trigger: Trigger) -> dict[str, Any]:
    declared = {
        "type": "object",
        "required": ["triggers"],
        **_member("triggers", {"type": "array", "contains": {"const": trigger}}),
    }
    return {"if": declared, "then": _member("ticket", {"type": "object", "properties": _TICKET_NEEDS[trigger]})}


def _member(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}}
