"""The fields of a ticket that a post says, in the form in which events and states have them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.cutting import cut
from schemas.description import is_described
from schemas.event import Ticket
from schemas.reading import DEEPEST_VALUE, HALF, HALF_CHARACTER
from schemas.refusal import Refusal, RefusedError

REQUIRED: Final = tuple(field.name for field in msgspec.structs.fields(Ticket) if field.required)
"""Fields that every event has, null where nobody has said them."""

_OF_PARTS: Final = ("links", "custom")
"""Fields with members of their own, of which a post may say some."""


def said(ticket: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ticket that an event knows, as plain JSON values, with long texts cut.

    Raises RefusedError for a text that can't be written as UTF-8, and for a value that is nested too deeply.
    """
    known = {name: value for name, value in ticket.items() if name in Ticket.__struct_fields__}
    return {name: _plain(f"data.ticket.{name}", msgspec.to_builtins(value)) for name, value in known.items()}


def merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What was known, with what is said now above it. Of links and custom fields, each member stands for itself."""
    found = dict(before) | dict(now)
    for name in _OF_PARTS:
        older, newer = before.get(name), now.get(name)
        if isinstance(older, dict) and isinstance(newer, dict):
            found[name] = older | newer
    return found


def with_first_description(ticket: dict[str, Any], known: Mapping[str, Any], saved: datetime) -> dict[str, Any]:
    """The ticket with the time of its first description: the helpdesk's own, else that of the save that brought it."""
    first = ticket.get("first_described_at") or known.get("first_described_at")
    if first is None and is_described(ticket.get("external_description")):
        first = msgspec.to_builtins(saved)
    return ticket if first is None else ticket | {"first_described_at": first}


def _plain(field: str, value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        if HALF.search(value):
            raise RefusedError("not_utf8", Refusal(field, HALF_CHARACTER))
        return cut(value)
    if depth > DEEPEST_VALUE:
        raise RefusedError("too_deep", Refusal(field, f"the value is nested more than {DEEPEST_VALUE} levels deep"))
    if isinstance(value, dict):
        return {name: _plain(f"{field}.{name}", member, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(f"{field}.{number}", member, depth + 1) for number, member in enumerate(value)]
    return value
