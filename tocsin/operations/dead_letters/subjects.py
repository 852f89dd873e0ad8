"""What a record is about: ticket (and its reference) and contract, read from as much of its bytes as can be read."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from schemas.log import Headers
from schemas.reading import IDENTIFIER_LENGTH, without_mark

READ_BYTES: Final = 65_536
"""Bytes of a value that are read: an event names ticket and contract near its beginning."""

# A string that does not end is read as one up to the end of the text, so that nothing is read twice.
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,20})?")

_TICKET: Final = "ticket"
_CONTRACT: Final = "contract"
_REFERENCE: Final = "reference"
_DATA: Final = "data"
_BASE64: Final = "data_base64"
_PLACES: Final[Mapping[tuple[str | None, ...], str]] = {
    (_DATA, "ticket", "id"): _TICKET,
    (_DATA, "ticket", "contract"): _CONTRACT,
    (_DATA, "ticket", "reference"): _REFERENCE,
    ("ticket", "id"): _TICKET,  # in binary content mode
    ("ticket", "contract"): _CONTRACT,
    ("ticket", "reference"): _REFERENCE,
    ("ticket",): _TICKET,  # of a job
    ("context", "ticket", "reference"): _REFERENCE,
    (_BASE64,): _DATA,
}
_NAMES: Final = frozenset(_PLACES.values()) - {_DATA}
_DEEPEST: Final = max(map(len, _PLACES))


class Subject(Struct, frozen=True):
    """Names as they stand in the bytes: any text of at most 256 characters. None where there is none to be read."""

    ticket: str | None
    contract: str | None
    reference: str | None = None


def subject_of(key: bytes | None, value: bytes | None, headers: Headers = ()) -> Subject:
    """What a record of `helpdesk.tickets` or `tocsin.jobs` is about, whatever its bytes are.

    Where the value does not name the ticket, the attribute `subject` does, or the key: both are the ticket's id.
    """
    found = _named_in(value or b"")
    ticket = found.get(_TICKET)
    if ticket is None:
        # In binary content mode the attributes are headers (CloudEvents, Kafka protocol binding, section 3.2).
        of_headers = dict(headers).get("ce_subject")
        ticket = _id_in(of_headers) or _id_in(key)
    return Subject(ticket, found.get(_CONTRACT), found.get(_REFERENCE))


def _named_in(value: bytes) -> dict[str, str]:
    """The ids that a JSON text names, or as much of one as there is."""
    found: dict[str, str] = {}
    text = without_mark(value[:READ_BYTES]).decode(errors="replace")
    for path, part in _scalars(text):
        name = _PLACES.get(path)
        if name == _DATA:
            return _named_in(_decoded(part)) | found
        said = None if name is None else _said(part)
        if name is not None and said is not None:
            # JSON does not forbid a key that stands twice; the first is what a person sees.
            found.setdefault(name, said)
            if len(found) == len(_NAMES):
                break
    return found


def _scalars(text: str) -> Iterator[tuple[tuple[str | None, ...], str]]:
    """The values of a JSON text that are near its root, with the keys that lead there. A list has no key."""
    keys: list[str | None] = []
    is_key = False
    for found in _TOKEN.finditer(text):
        part = found[0]
        if part in ("{", "["):
            keys.append("" if part == "{" else None)
            is_key = part == "{"
        elif part in ("}", "]"):
            del keys[-1:]
            is_key = False
        elif part == ",":
            is_key = bool(keys) and keys[-1] is not None
        elif part == ":":
            is_key = False
        elif is_key:
            keys[-1] = _string(part) or ""
        elif len(keys) <= _DEEPEST:
            yield tuple(keys), part


def _said(part: str) -> str | None:
    """An id: a text, or a number where somebody sent one."""
    said = part if _NUMBER.fullmatch(part) else _string(part)
    return said if said and len(said) <= IDENTIFIER_LENGTH else None


def _string(part: str) -> str | None:
    try:
        found = json.loads(part, strict=False) if part.startswith('"') else None
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _decoded(part: str) -> bytes:
    try:
        return b64decode(_string(part) or "")
    except (binascii.Error, ValueError):
        return b""


def _id_in(raw: bytes | None) -> str | None:
    if not raw or len(raw) > 4 * IDENTIFIER_LENGTH:
        return None
    text = raw.decode(errors="backslashreplace")
    return text if len(text) <= IDENTIFIER_LENGTH else None
