"""Records out of JSON Lines: one JSON object on each line, one line in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.directory import MAX_RECORD_BYTES, Record, read_record
from schemas.refusal import Refusal, RefusedError

LONGEST_LINE: Final = MAX_RECORD_BYTES + len(b"\r\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def numbered_lines(file: BufferedReader) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers (from 1). Of a line that is too long only the start is there.

    A byte order mark at the start is left out. Raises RefusedError where the file is UTF-16.
    """
    start = file.peek(3)[:3]
    if start[:2] in _UTF_16_MARKS:
        raise RefusedError("not_utf8", Refusal("", "the file is UTF-16: save it as UTF-8"))
    if start == _BYTE_ORDER_MARK:
        file.read(3)
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            _pass_rest(file, line)
        if not line.isspace():
            yield number, line


def _pass_rest(file: BufferedReader, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LONGEST_LINE)


def record_on(line: bytes) -> Record:
    """The record on one line. Raises RefusedError."""
    if len(line) > LONGEST_LINE:
        reason = f"the line has more than {MAX_RECORD_BYTES} bytes: write one record on each line, with shorter texts"
        raise RefusedError("too_large", Refusal("", reason))
    return read_record(line)


class _Name(Struct, frozen=True):
    kind: Any = None
    id: Any = None


_NAME: Final = msgspec.json.Decoder(_Name)
# Kind and id stand first, so that they are there even where the line breaks off.
_NAME_AT_START: Final = re.compile(rb'\s*\{\s*"kind"\s*:\s*"(\w{1,40})"\s*,\s*"id"\s*:\s*"([^"\\]{1,1024})"')


def name_on(line: bytes) -> tuple[str | None, str | None]:
    """Kind and id of a record that is refused, where they can still be read; an id that is a number, as text."""
    try:
        name = _NAME.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = _NAME_AT_START.match(line)
        return (found[1].decode(), found[2].decode(errors="replace")) if found else (None, None)
    number = isinstance(name.id, int) and not isinstance(name.id, bool)
    record_id = str(name.id) if number and abs(name.id) < 2**63 else name.id
    return _text(name.kind), _text(record_id)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
