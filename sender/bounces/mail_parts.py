"""A mail that came back, taken apart: headers, parts, and the messages and reports in parts, whatever encodes them.

RFC 2045 allows no base64 and no quoted-printable for them, but mail systems on the way use both. The standard library
would read such a part as a message at once, and so wrongly: here a part stays bytes until it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias

from sender.messages.times import in_utc

MAX_READ: Final = 524_288
"""Bytes of a mail that are looked at: a report stands before the message that it returns."""

MAX_RECIPIENTS: Final = 100
"""Recipients of one report that are looked at."""

_MAX_PARTS: Final = 20
_LONGEST_FIELD: Final = 16_384
_LONGEST_TYPE: Final = 2_048
_LEVEL: Final = re.compile(rb"boundary[0-9*\s]{0,9}=", re.IGNORECASE)
_BETWEEN_BLOCKS: Final = re.compile(rb"\r?\n[ \t]*\r?\n")

STATUS: Final = ("message/delivery-status", "message/global-delivery-status")
"""RFC 3464; RFC 6533."""

FEEDBACK: Final = "message/feedback-report"
"""RFC 5965."""

_RETURNED: Final = (
    *("message/rfc822", "message/global"),
    *("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"),
)

Mail: TypeAlias = "Message[Any, Any]"


class _Part(Message):
    """A part. What it holds of the type `message` is not taken apart with it, and its fields are cut."""

    def set_raw(self, name: str, value: str) -> None:
        """Keep a field, as the parser gives it: the time to read parameters grows with the square of their length."""
        super().set_raw(name, value[: _LONGEST_TYPE if name.lower().startswith("content-") else _LONGEST_FIELD])

    @property
    def kind(self) -> str:
        """The content type, in small letters."""
        return super().get_content_type()

    def get_content_type(self) -> str:
        kind = super().get_content_type()
        return "application/octet-stream" if kind.startswith("message/") else kind


def parsed(content: bytes) -> Mail:
    """The mail that these bytes are, as far as they are looked at. May raise whatever hostile headers make it raise."""
    head = content[:MAX_READ]
    # The parser holds every line against the boundary of every level, and goes one call deeper for each.
    parser = BytesHeaderParser if len(_LEVEL.findall(head)) > _MAX_PARTS else BytesParser
    return parser(_Part, policy=compat32).parsebytes(head)


def kind_of(part: Mail) -> str:
    """The content type that a part says it has."""
    return part.kind if isinstance(part, _Part) else part.get_content_type()


def parts_of(mail: Mail) -> list[Mail]:
    """Its parts; none where it is not a multipart."""
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def status_blocks(report: Mail) -> Iterator[Mail]:
    """The blocks of fields of a delivery report: one of the message, then one of each recipient (RFC 3464, 2.1)."""
    for part in parts_of(report):
        if kind_of(part) in STATUS:
            for block in _BETWEEN_BLOCKS.split(_content(part).strip(), MAX_RECIPIENTS + 1)[: MAX_RECIPIENTS + 1]:
                yield _headers(block)


def feedback_of(report: Mail) -> Mail | None:
    """The fields of a feedback report (RFC 5965, section 3), where it is one."""
    return next((_headers(_content(part)) for part in parts_of(report) if kind_of(part) == FEEDBACK), None)


def returned_header(report: Mail) -> Mail | None:
    """The header of the message that a report returns, whole or as its header alone."""
    return next((_headers(_content(part)) for part in parts_of(report) if kind_of(part) in _RETURNED), None)


def field(mail: Mail, name: str) -> str:
    """The value of the first field of this name, at most 16 KB of it; empty where there is none."""
    return str(mail.get(name, ""))[:_LONGEST_FIELD]


def fields(mail: Mail, *names: str) -> str:
    """The values of all fields of these names, blanks between them."""
    values = " ".join(str(value) for name in names for value in mail.get_all(name, [])[:_MAX_PARTS])
    return values[:_LONGEST_FIELD]


def decoded(text: str) -> str:
    """A value with its encoded words (RFC 2047) read; programs write them in ids as well, though those allow none."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError):
        return text


def date_of(mail: Mail) -> datetime | None:
    """When it says that it was written, in UTC."""
    try:
        return in_utc(parsedate_to_datetime(field(mail, "Date")))
    except (ValueError, TypeError, OverflowError):
        return None


def _content(part: Mail) -> bytes:
    """What a part holds, without its transfer encoding; as much of it as can be read."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _headers(content: bytes) -> Mail:
    return BytesHeaderParser(policy=compat32).parsebytes(content.lstrip(b"\r\n"))
