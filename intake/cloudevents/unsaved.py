"""An event of a save that has not happened yet: what a helpdesk's form knows, and what only the save will bring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from intake.cloudevents.header_values import PREFIX
from intake.cloudevents.reading import EVENT, records_in
from schemas.event import MAX_EVENT_BYTES, Event, read_event
from schemas.reading import read_json
from schemas.refusal import RefusedError, refuse

UNSAVED: Final = "…"
"""Stands for the id of a ticket that has none yet."""

_JSON: Final = "application/json"
_ANYTHING: Final = msgspec.json.Decoder(Any)
_ENVELOPE: Final = {"specversion": "1.0", "id": "preview", "source": "preview", "type": "ticket.saved"}


def read_unsaved(headers: Sequence[tuple[bytes, bytes]], body: bytes, now: datetime) -> Event:
    """An event as it is posted, in structured or binary content mode, or its data alone. Raises RefusedError.

    What a form can't know need not be there: the event's attributes, and the id of a ticket that is only now created.
    Such a ticket has no `previous`, unless that is said.
    """
    if any(name.lower().startswith(PREFIX.encode()) for name, _ in headers):
        [record] = records_in(headers, body, now)
        return read_event(record.value or b"", now, dict(record.headers))
    _check_format(headers)
    given: Any = read_json(body, _ANYTHING, MAX_EVENT_BYTES)
    whole = _whole(given) if isinstance(given, dict) else given
    try:
        return read_event(msgspec.json.encode(whole), now)
    except (UnicodeEncodeError, RecursionError):
        raise RefusedError("not_json") from None


def _whole(given: dict[str, Any]) -> dict[str, Any]:
    is_data_alone = "ticket" in given and "data" not in given
    whole: dict[str, Any] = {**_ENVELOPE, **({"data": given} if is_data_alone else given)}
    data = whole.get("data")
    return whole | {"data": _completed(data, whole["type"])} if isinstance(data, dict) else whole


def _completed(data: dict[str, Any], kind: object) -> dict[str, Any]:
    ticket = data.get("ticket")
    if not isinstance(ticket, dict) or ticket.get("id") not in (None, ""):
        return data
    is_declared = data.get("triggers") is not None or kind != _ENVELOPE["type"]
    created = {} if is_declared else {"previous": None}
    return created | data | {"ticket": ticket | {"id": UNSAVED}}


def _check_format(headers: Sequence[tuple[bytes, bytes]]) -> None:
    given = next((value for name, value in headers if name.lower() == b"content-type"), b"").decode("latin-1")
    media_type = given.partition(";")[0].strip().lower()
    if media_type not in ("", _JSON, EVENT):
        reason = f"send one event as {EVENT}, or its data as {_JSON}"
        raise refuse("content-type", given, reason, "unsupported_media_type")
