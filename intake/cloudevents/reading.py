"""An HTTP request with events becomes records for the log: all of them, or none.

A record holds the event as it was posted, so that engines read it as they read what a platform writes to Kafka itself:
the JSON of structured content mode, or data beside the headers of binary content mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from intake.cloudevents.header_values import PREFIX, RawHeaders, attributes_in, header
from schemas import cloudevents as kafka
from schemas.event import MAX_EVENT_BYTES, read_event
from schemas.log import Headers, NewRecord
from schemas.reading import read_json, without_mark
from schemas.refusal import Refusal, RefusedError, refuse
from schemas.topics import TICKETS

EVENT: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

_STRUCTURED: Final = ("application/cloudevents", EVENT)
_BATCHED: Final = ("application/cloudevents-batch", BATCH)
_FAMILY: Final = "application/cloudevents"
_PASSED_ON: Final = ("traceparent", "tracestate")
"""Headers of W3C Trace Context: the trace goes on in the engine."""
_MOST_TOLD: Final = 20
"""Refusals of one batch that are told."""

_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Bounds(Struct, frozen=True):
    """The largest batch: bytes of the body, and events. One event alone has the limit that events have everywhere."""

    batch_bytes: int = 4 * MAX_EVENT_BYTES
    batch_events: int = 1_000


def records_in(
    headers: Sequence[tuple[bytes, bytes]], body: bytes, received: datetime, bounds: Bounds | None = None
) -> list[NewRecord]:
    """The records of a request, in any of the three content modes; those of a batch are in its order.

    Raises RefusedError, whose fields are those of the event, in a batch behind its index: `[3].data.ticket.id`. Its
    code is `unsupported_media_type` where the body is in a format that is not read, and `too_large` beyond the bounds.
    """
    media_type, charset = _media_type(headers)
    if charset not in ("", "utf-8", "us-ascii"):
        raise refuse("content-type", charset, "only UTF-8 is read", "unsupported_media_type")
    passed_on = _passed_on(headers)
    if media_type in _BATCHED:
        return _batch(body, received, bounds or Bounds(), passed_on)
    if media_type in _STRUCTURED:
        return [_record(body, ((kafka.CONTENT_TYPE, EVENT.encode()), *passed_on), received)]
    if media_type.startswith(_FAMILY):
        reason = f"this event format is not read: send {EVENT}, {BATCH} or binary content mode"
        raise refuse("content-type", media_type, reason, "unsupported_media_type")
    return [_binary(headers, body, media_type, received, passed_on)]


def _binary(headers: RawHeaders, body: bytes, media_type: str, received: datetime, passed_on: Headers) -> NewRecord:
    attributes = attributes_in(headers)
    if "specversion" not in attributes:
        reason = (
            f"there is no header {PREFIX}specversion, so this is no event in binary content mode: send the attributes "
            f"as headers {PREFIX}id, {PREFIX}source, {PREFIX}type …, or the whole event as {EVENT}"
        )
        raise RefusedError("unsupported_media_type", Refusal("content-type", reason, media_type or None))
    beside = tuple((kafka.PREFIX + name, value.encode()) for name, value in attributes.items())
    content_type = ((kafka.CONTENT_TYPE, media_type.encode()),) if media_type else ()
    return _record(body, (*content_type, *beside, *passed_on), received)


def _batch(body: bytes, received: datetime, bounds: Bounds, passed_on: Headers) -> list[NewRecord]:
    if not without_mark(body).lstrip().startswith(b"["):
        raise RefusedError("invalid_field", Refusal("", f"a batch is a list of events; one alone is {EVENT}"))
    events = read_json(body, _ELEMENTS, bounds.batch_bytes)
    if len(events) > bounds.batch_events:
        reason = f"the batch has {len(events)} events, {bounds.batch_events} are allowed: send several batches"
        raise RefusedError("too_large", Refusal("", reason))
    records: list[NewRecord] = []
    refused: list[Refusal] = []
    code = ""
    for index, event in enumerate(events):
        try:
            records.append(_record(bytes(event), ((kafka.CONTENT_TYPE, EVENT.encode()), *passed_on), received))
        except RefusedError as error:
            code = code or error.code
            refused += (_at(index, one) for one in error.refusals)
    if refused:
        raise RefusedError(code, *refused[:_MOST_TOLD])
    return records


def _at(index: int, refusal: Refusal) -> Refusal:
    field = f"[{index}].{refusal.field}" if refusal.field else f"[{index}]"
    return msgspec.structs.replace(refusal, field=field)


def _record(value: bytes, headers: Headers, received: datetime) -> NewRecord:
    event = read_event(value, received, dict(headers))
    return NewRecord(TICKETS, event.ticket.id.encode(), value, headers)


def _media_type(headers: RawHeaders) -> tuple[str, str]:
    """The media type without its parameters, and its charset, both in lower case."""
    media_type, *parameters = header(headers, kafka.CONTENT_TYPE).lower().split(";")
    named = dict(part.strip().partition("=")[::2] for part in parameters)
    return media_type.strip(), named.get("charset", "").strip('"')


def _passed_on(headers: RawHeaders) -> Headers:
    found = ((name, header(headers, name)) for name in _PASSED_ON)
    return tuple((name, value.encode("latin-1")) for name, value in found if value)
