"""A record that could not be used (topic `tocsin.dead-letters`): its original bytes, where it came from, and why."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.log import Headers, NewRecord, Record
from schemas.reading import IDENTIFIER_LENGTH, without_mark
from schemas.topics import DEAD_LETTERS

PREFIX = "dead_letter."
"""The headers that are added. A record that is dead-lettered again keeps those of the first time."""


class Cause(Struct, frozen=True):
    """Why a record could not be used: the class of the fault in snake case, and words without any value of a field."""

    code: str
    message: str


class ListedLetter(Struct, frozen=True):
    """A dead letter as `tocsin dlq list --json` prints it.

    `place` is its own, PARTITION:OFFSET; `topic` and `origin` are where its record was, `came` when it first came
    there. `ticket` and `contract` are what its bytes name, which may be any text; null where they name none. `is_cut`:
    only the beginning is here.
    """

    place: str
    came: datetime
    topic: str
    origin: str
    ticket: str | None
    contract: str | None
    code: str
    message: str
    is_cut: bool


WHOLE_BYTES: Final = 3_932_160
"""A record of up to so many bytes, with key and headers, is kept whole; the topic takes a little more."""
KEPT_BYTES: Final = 65_536
"""Of a larger one, so many bytes of its value are kept, and its key and headers where they are no longer."""


def dead_letter(record: Record, cause: Cause) -> NewRecord:
    """The record for the dead-letter topic.

    Value, key and headers as they came, with the rest as headers before them. Of a record that is too large for the
    topic, the beginning, its size and its digest: the whole lies where it came from, for as long as that is kept.
    """
    first = first_came(record)
    added = {
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "first_came": first.isoformat(),
        "code": cause.code,
        "message": cause.message[:1_000],
    }
    own = tuple(header for header in record.headers if not header[0].startswith(PREFIX))
    key, value = record.key, record.value
    size = len(key or b"") + len(value or b"") + _size_of(own)
    if size > WHOLE_BYTES:
        added |= {"cut": "1", "bytes": str(len(value or b"")), "sha256": hashlib.sha256(value or b"").hexdigest()}
        value = None if value is None else value[:KEPT_BYTES]
        key = key if len(key or b"") <= KEPT_BYTES else None
        own = own if _size_of(own) <= KEPT_BYTES else ()
    return NewRecord(
        topic=DEAD_LETTERS,
        key=key,
        value=value,
        headers=(*((PREFIX + name, text.encode()) for name, text in added.items()), *own),
    )


def _size_of(headers: Headers) -> int:
    return sum(len(name.encode(errors="replace")) + len(value) for name, value in headers)


def first_came(record: Record) -> datetime:
    """When the record came for the first time: a dead letter that is sent again is judged by that."""
    for name, value in record.headers:
        if name == PREFIX + "first_came":
            try:
                came = datetime.fromisoformat(value.decode())
            except ValueError:
                continue
            # A header without an offset was not written here.
            return came if came.tzinfo is not None else record.timestamp
    return record.timestamp


class _Claim(Struct):
    """What of any record may be an id."""

    id: Any = None


_CLAIM: Final = msgspec.json.Decoder(_Claim)


def claimed_id(record: Record) -> str | None:
    """The id that a record which could not be read gives itself, so that it can be found by it; None without one."""
    named: Any = dict(record.headers).get("ce_id")
    if named is None and record.value is not None:
        try:
            named = _CLAIM.decode(without_mark(record.value)).id
        except (ValueError, RecursionError):
            return None
    text = named.decode(errors="replace") if isinstance(named, bytes) else named
    return text if isinstance(text, str) and 0 < len(text) <= IDENTIFIER_LENGTH and text.isprintable() else None
