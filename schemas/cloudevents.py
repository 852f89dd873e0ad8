"""How a CloudEvent travels in a record: the Kafka protocol binding and the JSON event format of CloudEvents 1.0."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from schemas.refusal import Refusal, RefusedError, refuse

PREFIX: Final = "ce_"
"""The prefix of headers that hold attributes (Kafka binding, section 3.2.3)."""

CONTENT_TYPE: Final = "content-type"
_BATCH: Final = "application/cloudevents-batch"
_EVENT: Final = "application/cloudevents"
_JSON_FORMATS: Final = (_EVENT, _EVENT + "+json")
_HTTP_PREFIXES: Final = ("ce-", "ce_")


class ContentMode(StrEnum):
    """Where the attributes of an event are: in the value together with its data, or in headers beside it."""

    STRUCTURED = "structured"
    BINARY = "binary"


def content_mode(headers: Mapping[str, bytes]) -> ContentMode:
    """The content mode of a record (Kafka binding, section 3).

    `content-type` tells it. Where that names no media type of CloudEvents, the header `ce_specversion` does. Raises
    RefusedError for a batch, which is no content mode of Kafka, and for an event format other than JSON.
    """
    written = media_type(headers)
    if written.startswith(_BATCH):
        reason = "this is a batch of events (CloudEvents batched content mode): send each event as a record of its own"
        raise refuse(CONTENT_TYPE, written, reason)
    if written.startswith(_EVENT):
        if written not in _JSON_FORMATS:
            reason = f"this event format is not read: send {_EVENT}+json, or binary content mode"
            raise refuse(CONTENT_TYPE, written, reason)
        return ContentMode.STRUCTURED
    return ContentMode.BINARY if PREFIX + "specversion" in headers else ContentMode.STRUCTURED


def media_type(headers: Mapping[str, bytes]) -> str:
    """The media type of the value in lower case, without parameters; empty where none is given."""
    raw = next((value for name, value in headers.items() if name.lower() == CONTENT_TYPE), b"")
    return raw.decode(errors="replace").partition(";")[0].strip().lower()


def attributes_in(headers: Mapping[str, bytes]) -> dict[str, str]:
    """The attributes of an event in binary content mode, by their names. Raises RefusedError.

    An empty header is an absent attribute: some libraries write a header for every attribute that there can be.
    """
    attributes: dict[str, str] = {}
    for name, raw in headers.items():
        if name.startswith(PREFIX) and raw:
            attribute = name.removeprefix(PREFIX)
            try:
                attributes[attribute] = raw.decode()
            except UnicodeDecodeError:
                raise refuse(attribute, repr(raw), "the header is not UTF-8", "not_utf8") from None
    return attributes


def strange_headers(headers: Mapping[str, bytes]) -> str | None:
    """Words about a header that looks like an attribute but is none on Kafka (`ce-id`); None without such a header."""
    for name in headers:
        if name.lower().startswith(_HTTP_PREFIXES) and not name.startswith(PREFIX):
            return (
                f"the header {name[:40]!r} looks like an attribute of CloudEvents as HTTP has them; on Kafka it is "
                f"{PREFIX}{name[3:40].lower()} with small letters and _"
            )
    return None


def decoded_data(text: str) -> bytes:
    """The bytes of `data_base64` (JSON event format, section 3.1.1). Raises RefusedError."""
    try:
        # Without `validate`, characters outside the alphabet would be dropped.
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(
            "invalid_field", Refusal("data_base64", "this is not base64 (RFC 4648, section 4)")
        ) from None
