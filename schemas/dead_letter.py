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
"""The prefix of the headers that are added. Where a dead letter is sent and fails again, only `first_came` stays."""


class Cause(Struct, frozen=True):
    """Why a record could not be used: the class of the fault in snake case, and words that hold no value of a field."""

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
"""A record of up to this many bytes, with key and headers, is kept whole. The topic takes a little more."""
KEPT_BYTES: Final = 65_536
"""How many bytes of a larger record's value are kept. Its key and its headers are kept where they are no longer."""


def dead_letter(record: Record, cause: Cause) -> NewRecord:
    """The record for the dead-letter topic.

    It has value, key and headers as they came. Before these headers stand those that say where from and why. If the
    record is too large for the topic, only the beginning, the size and the SHA-256 of its value are kept. All of it is
    in the topic from which it came, for as long as that keeps it.
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
    # What an earlier dead letter added is left out: it would stand twice.
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
    """When the record first came. A dead letter that is sent again is judged by that time."""
    for name, value in record.headers:
        if name == PREFIX + "first_came":
            try:
                came = datetime.fromisoformat(value.decode())
            except ValueError:
                continue
            # Our own header has an offset from UTC, so somebody else wrote one without.
            return came if came.tzinfo is not None else record.timestamp
    return record.timestamp


class _Claim(Struct):
    """The one member that may be the id of a record. The others are not decoded, whatever they are."""

    id: Any = None


_CLAIM: Final = msgspec.json.Decoder(_Claim)


def claimed_id(record: Record) -> str | None:
    """The id that an unreadable record claims to have, by which people can find it; None without one."""
    named: Any = dict(record.headers).get("ce_id")
    if named is None and record.value is not None:
        try:
            named = _CLAIM.decode(without_mark(record.value)).id
        except (ValueError, RecursionError):
            return None
    text = named.decode(errors="replace") if isinstance(named, bytes) else named
    return text if isinstance(text, str) and 0 < len(text) <= IDENTIFIER_LENGTH and text.isprintable() else None
